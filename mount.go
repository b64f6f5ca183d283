package catbox

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/catbox-go/catbox/internal/paths"
)

// Mount is a file system that a run has at a place of its own, as a line of
// fstab(5) says it. Package executor has the same for other ways to isolate.
type Mount struct {
	// Source is a file or directory of the host for a bind mount, absolute or
	// relative to the caller's working directory. For other types it is a name,
	// which may be empty.
	Source string
	// Target is the absolute path at which it is mounted, as the command sees it. It is
	// made if it is not there: in the run's root filesystem (Cmd.Root), or in another
	// mount. In the host's tree it has to be there.
	Target string
	// Type is "bind" (or "none" with the option bind), with all that is mounted below the source;
	// "dev", the /dev of harmless devices that every run has; or one of the types of
	// file systems that a user namespace may mount: "tmpfs", "proc", "devpts",
	// "mqueue", "overlay".
	Type string
	// Options are those of mount(8): ro (else the command may write there), nosuid, nodev, noexec,
	// noatime, and those of the type (tmpfs: size=, mode=). "defaults" and "rw" say nothing.
	// Set-user-ID bits and devices have no effect in a run in any case.
	Options []string
}

// mountTypes are those that can be had in a user namespace.
var mountTypes = []string{"bind", "dev", "tmpfs", "proc", "devpts", "mqueue", "overlay"}

// flagOptions are the options that every type has; those of the type go to the kernel.
var flagOptions = []string{"ro", "rw", "defaults", "bind", "rbind", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "noatime", "atime", "relatime", "auto", "noauto", "nofail"}

// ParseMount reads a line of fstab(5): source, target, type, options and two numbers,
// of which the type (bind) and what follows may be missing. \040 is a space. The type
// may be any: see Check.
func ParseMount(line string) (Mount, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 || len(fields) > 6 || slices.ContainsFunc(fields[min(4, len(fields)):], isNoNumber) {
		return Mount{}, fmt.Errorf("mount %q: want SOURCE TARGET [TYPE [OPTIONS [FREQ [PASSNO]]]], as in fstab(5)", line)
	}
	for i := range fields {
		fields[i] = paths.Unescape(fields[i])
	}
	m := Mount{Source: fields[0], Target: fields[1], Type: "bind"}
	if len(fields) > 2 {
		m.Type = fields[2]
	}
	if len(fields) > 3 {
		m.Options = strings.Split(fields[3], ",")
	}
	return m, m.checkTarget()
}

func isNoNumber(field string) bool {
	_, err := strconv.ParseUint(field, 10, 32)
	return err != nil
}

// String returns the mount as a line of fstab(5).
func (m Mount) String() string {
	escape := strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`)
	or := func(text, empty string) string {
		if text == "" {
			return empty
		}
		return escape.Replace(text)
	}
	return fmt.Sprintf("%s %s %s %s", or(m.Source, "none"), or(m.Target, `""`), or(m.Type, "none"), or(strings.Join(m.Options, ","), "defaults"))
}

func (m Mount) checkTarget() error {
	if !path.IsAbs(m.Target) || path.Clean(m.Target) == "/" {
		return fmt.Errorf("mount %s: its target has to be an absolute path below /, not %q", m.Source, m.Target)
	}
	return nil
}

// Check says what is wrong with a mount that is to be one of Cmd.Mounts.
func (m Mount) Check() error {
	if err := m.checkTarget(); err != nil {
		return err
	}
	switch {
	case strings.ContainsRune(m.Source+m.Target, 0):
		return fmt.Errorf("mount %q at %q: a NUL in a path", m.Source, m.Target)
	case m.kind() == "bind" && m.Source == "":
		return fmt.Errorf("mount at %s: a bind mount has a source", m.Target)
	case !slices.Contains(mountTypes, m.kind()):
		return fmt.Errorf("mount %s: its type %q is none of %s", m.Target, m.Type, strings.Join(mountTypes, ", "))
	}
	return nil
}

// kind is the type; fstab's way to say bind is an option.
func (m Mount) kind() string {
	if (m.Type == "none" || m.Type == "") && (m.Has("bind") || m.Has("rbind")) {
		return "bind"
	}
	return m.Type
}

// Has tells whether the option is among the mount's.
func (m Mount) Has(option string) bool { return slices.Contains(m.Options, option) }

// readOnly tells whether the command may not write there: proc and dev have rules of their own.
func (m Mount) readOnly() bool {
	return m.Has("ro") || m.kind() == "dev"
}

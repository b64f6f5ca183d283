package executor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/paths"
)

// Mount is a file system to be mounted for a command. Its fields are those of
// fstab(5).
type Mount struct {
	// Source is what to mount: a directory or file of the host for the
	// option bind. Empty or "none" where the type needs none.
	Source string
	// Target is where, inside the root. It is made if it is missing.
	Target string
	// Type is that of the file system: "proc", "tmpfs". Empty or "none" with
	// the options bind, rbind and remount.
	Type string
	// Options are those of mount(8): "bind", "ro", "size=1m". Nil is none.
	Options []string
}

// ParseMount reads a line as in fstab(5): source, target, type and options,
// the last of which may be left out. A blank in a name is written \040.
func ParseMount(line string) (Mount, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 && len(fields) != 4 {
		return Mount{}, &SpecError{"ExtraMounts", line, "SOURCE TARGET TYPE [OPTIONS], as in fstab"}
	}
	for i, f := range fields {
		fields[i] = paths.Unescape(f)
	}
	m := Mount{Source: fields[0], Target: fields[1], Type: fields[2]}
	if len(fields) == 4 {
		m.Options = strings.Split(fields[3], ",")
	}
	return m, m.validate()
}

// String returns the mount as a line of fstab(5).
func (m Mount) String() string {
	escape := strings.NewReplacer("\\", `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`)
	or := func(text, empty string) string {
		if text == "" {
			return empty
		}
		return escape.Replace(text)
	}
	return fmt.Sprintf("%s %s %s %s", or(m.Source, "none"), or(m.Target, `""`), or(m.Type, "none"), or(strings.Join(m.Options, ","), "defaults"))
}

func (m Mount) validate() error {
	want := ""
	switch {
	case strings.ContainsRune(m.Source+m.Target+m.Type+strings.Join(m.Options, ""), 0):
		want = "text without a NUL"
	case empty(m.Target):
		want = "a target"
	case inside(m.Target) == "/" && !m.has("remount"):
		want = "a target below /; Spec.Root is for what is at /"
	case m.bind() && m.Source == "":
		want = "a source to bind"
	case (m.bind() || m.has("remount")) && !empty(m.Type):
		want = `no type, or "none", with bind and remount`
	case !m.bind() && !m.has("remount") && empty(m.Type):
		want = "a type, or one of the options bind, rbind and remount"
	default:
		return nil
	}
	return &SpecError{"ExtraMounts", m.String(), want}
}

// empty tells whether a field of fstab says nothing.
func empty(field string) bool { return field == "" || field == "none" }

func (m Mount) has(option string) bool { return slices.Contains(m.Options, option) }

func (m Mount) bind() bool { return m.has("bind") || m.has("rbind") }

// target is where the mount is made, absolute inside the root and clean.
func (m Mount) target() string { return inside(m.Target) }

// readOnly tells whether the options ask for it.
func (m Mount) readOnly() bool { return m.has("ro") }

// others returns the options that are not among known.
func (m Mount) others(known ...string) []string {
	return slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { return slices.Contains(known, o) })
}

package catbox

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/policy"
)

// ownTree tells whether the command sees other files than the host's.
func (c *Cmd) ownTree() bool { return c.ownRoot() || len(c.Mounts) > 0 }

// ownRoot tells whether the command's root directory is not the host's.
func (c *Cmd) ownRoot() bool { return c.Root != "" || c.Overlay != nil }

// findTree finds what the run's tree of files is made of, and the program in it.
func (p *plan) findTree() error {
	p.tree = tree{root: "/"}
	p.asked, p.path = p.cmd.Policy, p.cmd.Path
	if !p.cmd.ownTree() {
		return nil
	}
	if o := p.cmd.Overlay; o != nil {
		if err := cmp.Or(o.check(), p.findLayers(o)); err != nil {
			return &SetupError{Step: "overlay", Err: err}
		}
	}
	if err := p.findRoot(); err != nil {
		return &SetupError{Step: "find the root filesystem", Err: err}
	}
	for _, m := range p.cmd.Mounts {
		if err := p.addMount(m); err != nil {
			return &SetupError{Step: "find the mounts", Err: err}
		}
	}
	if p.cmd.Root != "" {
		p.addFiles()
	}
	return p.findProgram()
}

// findLayers finds the upper trees of the overlays (see package overlay).
func (p *plan) findLayers(o *Overlay) error {
	for _, dir := range append([]string{o.Dir}, o.Lower...) {
		if dir == "" {
			continue
		}
		abs, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		p.tree.layers = append(p.tree.layers, overlay.UpperOf(abs))
	}
	if len(p.tree.layers) == 0 {
		return errors.New("neither a directory for the changes nor one of a saved overlay is given")
	}
	return nil
}

func (p *plan) findRoot() error {
	if p.cmd.Root == "" {
		return nil
	}
	dir, err := filepath.Abs(p.cmd.Root)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return err
	}
	st, err := os.Stat(dir)
	switch {
	case err != nil:
		return err
	case !st.IsDir():
		return &os.PathError{Op: "open", Path: p.cmd.Root, Err: unix.ENOTDIR}
	case dir == "/":
		return errors.New("it is the host's own root, which a run has without being told")
	}
	// The run has these of its own in any case; what they hold is as on the host.
	p.tree.root, p.tree.mounts = dir, []attached{{"/proc", "/proc"}, {"/dev", "/dev"}}
	return nil
}

// hostPath is the path that the host has for one of the run's, "" if it has none.
func (p *plan) hostPath(name string) string {
	through := p.overlay == nil || paths.UnderAny(name, p.through)
	host, ok := p.tree.bottom().host(name)
	switch {
	case !through:
		return p.upperPath(name)
	case !ok:
		return ""
	}
	return host
}

// addMount adds a mount to the tree and to what the command may read and write.
func (p *plan) addMount(m Mount) error {
	if err := m.Check(); err != nil {
		return err
	}
	target, err := p.tree.canonical(m.Target)
	if err != nil {
		return err
	}
	mount := namespace.Mount{Target: target, Type: m.kind(), Options: typeOptions(m), ReadOnly: m.readOnly(), Attr: m.attributes()}
	shown := ""
	switch m.kind() {
	case "bind":
		if mount.Source, err = bindSource(m.Source); err != nil {
			return err
		}
		shown = mount.Source
	case "proc", "dev":
		shown = "/" + m.kind()
	case "overlay":
		shown = lowest(m)
	default:
		if m.Source != "" && m.Source != "none" {
			mount.Options = append(mount.Options, namespace.Option{Key: "source", Value: m.Source})
		}
	}
	if _, err := p.tree.lstat(target); err != nil && p.cmd.Root == "" && !p.made(target) {
		return fmt.Errorf("mount %s: there is no %s on the host to mount it on: make it, or mount it below /tmp", m.Source, m.Target)
	}
	p.mounts = append(p.mounts, mount)
	p.tree.mounts = append(p.tree.mounts, attached{target, shown})
	access := policy.Read | policy.Exec
	if !mount.ReadOnly {
		access |= policy.Write
	}
	p.asked = p.asked.Allow(access, target)
	return nil
}

// typeOptions are those of the file system's type, which are for the kernel.
func typeOptions(m Mount) []namespace.Option {
	var options []namespace.Option
	for _, o := range m.Options {
		if o == "" || slices.Contains(flagOptions, o) || m.kind() == "bind" {
			continue
		}
		key, value, _ := strings.Cut(o, "=")
		options = append(options, namespace.Option{Key: key, Value: value})
	}
	return options
}

// lowest is the layer of an overlay that shows what is in it, as far as this can be said from outside.
func lowest(m Mount) string {
	for _, o := range m.Options {
		if list, ok := strings.CutPrefix(o, "lowerdir="); ok && list != "" {
			dirs := filepath.SplitList(list)
			return path.Clean(dirs[len(dirs)-1])
		}
	}
	return ""
}

// made tells whether a place that is not on the host is made for the run, in a
// directory that the run has for itself or in a mount.
func (p *plan) made(target string) bool {
	return paths.UnderAny(target, privateDirs) || slices.ContainsFunc(p.mounts, func(m namespace.Mount) bool { return paths.Under(target, m.Target) })
}

func bindSource(source string) (string, error) {
	abs, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// attributes are the attributes of mount_setattr(2) that the options stand for.
func (m Mount) attributes() int {
	attr := unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOSUID
	switch m.kind() {
	case "bind":
		attr = 0 // as they are on the host, which a user namespace cannot take away
	case "devpts":
		attr = unix.MOUNT_ATTR_NOSUID
	}
	for _, o := range []struct {
		option string
		attr   int
	}{{"nosuid", unix.MOUNT_ATTR_NOSUID}, {"nodev", unix.MOUNT_ATTR_NODEV}, {"noexec", unix.MOUNT_ATTR_NOEXEC}, {"noatime", unix.MOUNT_ATTR_NOATIME}} {
		if m.Has(o.option) {
			attr |= o.attr
		}
	}
	return attr
}

// findProgram finds the program in the run's tree.
func (p *plan) findProgram() (err error) {
	name := p.cmd.Path
	if p.cmd.name != "" {
		name = p.cmd.name
	}
	p.path, err = p.tree.find(name, searchPath(p.cmd.Env))
	return err
}

// searchPath is PATH in an environment; nil is the caller's.
func searchPath(env []string) string {
	if env == nil {
		return os.Getenv("PATH")
	}
	found := ""
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok && value != "" {
			found = value
		}
	}
	return found
}

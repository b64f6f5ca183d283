package catbox

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/policy"
)

// privateDirs are the directories for temporary files, which a run has for itself.
var privateDirs = []string{"/tmp", "/var/tmp", "/dev/shm"}

// findView finds what the run sees, and what belongs to it there.
func (p *plan) findView() error {
	if err := p.findReadable(); err != nil {
		return err
	}
	if w := p.cmd.Wrapper; w != nil {
		p.findWrapped(w)
	} else if !p.log {
		p.findPrivate()
	}
	if !p.log {
		p.terminal = terminal(p.cmd.Stdin)
	}
	p.own = append([]string{"/dev/pts"}, p.private...)
	p.devices = append(namespace.Devices(""), "/dev/console")
	p.addDevices()
	isThere := p.readable == nil || p.policy.Allows(policy.Read, p.dir) || p.policy.LeadsTo(policy.Read, p.dir) || slices.Contains(p.private, p.dir)
	if !isThere {
		return &UnsupportedError{Part: "working directory " + p.dir, Err: errorText("it is not among the readable paths")}
	}
	return nil
}

// addDevices adds those of the other places at which the run has its /dev.
func (p *plan) addDevices() {
	first := p.devices
	for _, m := range p.mounts {
		if m.Type != "dev" {
			continue
		}
		p.own = append(p.own, m.Target+"/pts", m.Target+"/shm")
		for _, d := range first {
			p.devices = append(p.devices, m.Target+strings.TrimPrefix(d, "/dev"))
		}
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }

// findPrivate takes the directories for temporary files that the policy does
// not open itself. The working directory stays there in any case.
func (p *plan) findPrivate() {
	for _, dir := range privateDirs {
		canonical, err := p.tree.canonical(dir)
		if err != nil || !p.tree.isDir(canonical) || p.opens(canonical) {
			continue
		}
		if p.readable != nil && slices.Contains(p.readable, canonical) {
			continue
		}
		if !slices.Contains(p.private, canonical) {
			p.private = append(p.private, canonical)
		}
	}
	for _, dir := range p.private {
		// A writable place there brings along what is below it.
		brought := slices.ContainsFunc(p.walls.writable, func(w string) bool { return w != "/" && paths.Under(p.dir, w) })
		if p.dir != dir && paths.Under(p.dir, dir) && !brought {
			p.visible = append(p.visible, p.dir)
		}
	}
}

// findWrapped takes the directories for temporary files that a Wrapper makes.
func (p *plan) findWrapped(w *Wrapper) {
	for _, dir := range privateDirs {
		mounted := slices.ContainsFunc(p.mounts, func(m namespace.Mount) bool { return m.Type == "tmpfs" && m.Target == dir && !m.ReadOnly })
		if mounted || w.Line != nil && dir == "/dev/shm" { // of a /dev of its own
			p.private = append(p.private, dir)
		}
	}
}

// findReadable finds what is there if not everything is.
func (p *plan) findReadable() error {
	if p.policy.Allows(policy.Read, "/") || p.log {
		return nil
	}
	p.readable = []string{}
	for _, r := range p.policy.Rules() {
		if r.Effect != policy.EffectAllow || r.Access&policy.Read == 0 {
			continue
		}
		if r.Pattern.IsRegexp() {
			if r.Access&policy.Write != 0 {
				continue // the directory that holds it is there, being writable
			}
			if err := p.cannot("reading "+r.Pattern.String(), errorText("what may be read has to be a path, not an expression")); err != nil {
				return err
			}
			continue
		}
		if _, err := p.tree.lstat(r.Pattern.Literal()); err == nil {
			p.readable = append(p.readable, r.Pattern.Literal())
		}
	}
	p.readable = slices.DeleteFunc(paths.Topmost(p.readable), func(path string) bool { return slices.Contains(p.walls.writable, path) })
	p.findLinks()
	return nil
}

// findLinks finds the symbolic links by which programs reach what is readable:
// those in the root directory (/bin, /lib64), and those on the way of the paths
// that were given.
func (p *plan) findLinks() {
	entries, _ := os.ReadDir(p.tree.root)
	for _, e := range entries {
		p.addLink("/" + e.Name())
	}
	for _, r := range p.asked.Rules() {
		if r.Effect != policy.EffectAllow || r.Pattern.IsRegexp() {
			continue
		}
		for path := r.Pattern.Literal(); path != "/"; path = filepath.Dir(path) {
			p.addLink(path)
		}
	}
}

// addLink makes the link at path, if there is one and it leads to something that is there.
func (p *plan) addLink(path string) {
	content, err := p.tree.readlink(path)
	if err != nil || p.isThere(path) {
		return
	}
	canonical, err := p.tree.canonical(path)
	if err == nil && (p.isThere(canonical) || slices.ContainsFunc(p.readable, func(r string) bool { return paths.Under(r, canonical) })) {
		p.links = append(p.links, namespace.Link{Path: path, Content: content})
	}
}

func (p *plan) isThere(path string) bool {
	return paths.UnderAny(path, p.readable) || paths.UnderAny(path, p.walls.writable)
}

// terminal returns the path of the terminal that the command is started on.
func terminal(stdin io.Reader) string {
	f, ok := stdin.(*os.File)
	if !ok {
		return ""
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return ""
	}
	path, err := os.Readlink(sys.FDPath(int(f.Fd())))
	if err != nil || !strings.HasPrefix(path, "/dev/") {
		return ""
	}
	return path
}

// denyCache keeps from the run what catbox made in earlier runs for later ones
// (unpacked images, directories for overlays): a run that could write there would
// be in all that come after it. The directory is made if it is not there, as
// otherwise the run could. Who may write everywhere is not kept from it, nor is a
// run without mounts: there the supervisor would have to do every writing call.
func (p *plan) denyCache() {
	dir, err := os.UserCacheDir()
	if err != nil || p.policy.Allows(policy.Write, "/") {
		return
	}
	host, err := (&tree{root: "/"}).canonical(filepath.Join(dir, "catbox"))
	if err != nil {
		return
	}
	seen, there := p.tree.view(host)
	if there && p.policy.Allows(policy.Write, seen) && os.MkdirAll(host, 0o700) == nil {
		p.cache, p.open = seen, p.policy
		p.policy = p.policy.Deny(policy.Write, seen)
	}
}

// allowCache undoes denyCache.
func (p *plan) allowCache() {
	if p.cache == "" {
		return
	}
	p.policy = p.open
	p.walls.readOnly = slices.DeleteFunc(p.walls.readOnly, func(path string) bool { return path == p.cache })
}

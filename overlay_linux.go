package catbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/skeleton"
	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/policy"
)

// special are the types of file systems that are about the system and hold no
// files of anybody: they stay as they are, read-only.
var special = []string{
	"proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs", "configfs", "pstore", "bpf", "mqueue",
	"hugetlbfs", "fusectl", "autofs", "binfmt_misc", "efivarfs", "rpc_pipefs", "nsfs", "selinuxfs", "ramfs",
}

// layering finds how overlays cover a tree of files. One overlayfs cannot cover a
// directory below which other file systems are mounted (in a user namespace the
// kernel does not let one look under them): there each entry gets an overlay of its
// own, and the directory itself is the one that gets the changes.
type layering struct {
	tree     *tree
	points   []namespace.MountPoint // of the host, below the tree's root, as the run sees them
	upper    string
	work     func() (string, error)
	lower    []string            // upper trees of saved overlays, topmost first
	skeleton func(string) string // a tree of directories that lies above the host's; nil: none
	split    map[string][]string // what was put into split directories, in earlier runs and now
	alone    func(string) bool   // what the run has of its own in any case
	plan     namespace.Overlay
}

// cover covers a directory.
func (l *layering) cover(dir string) error {
	at := slices.IndexFunc(l.points, func(m namespace.MountPoint) bool { return m.Path == dir })
	host, _ := l.tree.host(dir)
	saved := slices.ContainsFunc(l.lower, func(saved string) bool { return path.Dir(saved) == host })
	if saved || l.alone(dir) || at >= 0 && slices.Contains(special, l.points[at].Type) {
		return l.leave(dir)
	}
	if l.holdsSaved(dir) || slices.ContainsFunc(l.points, func(m namespace.MountPoint) bool { return m.Path != dir && paths.Under(m.Path, dir) }) {
		return l.divide(dir)
	}
	if l.isClosed(dir) {
		return l.seenEmpty(dir)
	}
	if l.isEmpty(dir) {
		return l.place(dir) // the upper directory is all that there is
	}
	return l.layer(dir)
}

// leave has a directory stay as it is, unless the run gets its own.
func (l *layering) leave(dir string) error {
	if err := l.place(dir); err != nil {
		return err
	}
	if host, ok := l.tree.host(dir); ok && !l.alone(dir) {
		l.plan.Alone = append(l.plan.Alone, namespace.Bind{Source: host, Path: dir})
	}
	return nil
}

// place makes the directory in the upper tree, with the mode that it has, and for root
// with its owner.
func (l *layering) place(dir string) error {
	mode := fs.FileMode(0o755)
	st, missing := l.tree.lstat(dir)
	if missing == nil {
		mode = st.Mode()
	}
	full := path.Join(l.upper, dir)
	err := os.Mkdir(full, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil && missing == nil {
		err = keepOwner(full, st)
	}
	if err == nil {
		err = os.Chmod(full, mode.Perm()|mode&(fs.ModeSticky|fs.ModeSetgid))
	}
	return err
}

// keepOwner gives a file of the upper tree the owner of the one that it is made of. Only
// root can. For others all is the user's there.
func keepOwner(target string, st fs.FileInfo) error {
	owner, known := st.Sys().(*syscall.Stat_t)
	if !known || os.Geteuid() != 0 {
		return nil
	}
	err := os.Lchown(target, int(owner.Uid), int(owner.Gid))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EINVAL) {
		return nil // root of a user namespace, which does not have the id
	}
	return err
}

// layer covers the directory by an overlayfs.
func (l *layering) layer(dir string) error {
	if err := l.place(dir); err != nil {
		return err
	}
	work, err := l.work()
	if err != nil {
		return err
	}
	layer := namespace.Layer{Path: dir, Upper: path.Join(l.upper, dir), Work: work}
	host, ok := l.tree.host(dir)
	for _, saved := range l.lower {
		if isDirectory(path.Join(saved, dir)) && !paths.Under(saved, host) {
			layer.Lower = append(layer.Lower, path.Join(saved, dir))
		}
	}
	if l.skeleton != nil && isDirectory(l.skeleton(dir)) && !paths.Under(l.skeleton("/"), host) {
		layer.Lower = append(layer.Lower, l.skeleton(dir))
	}
	if ok && isDirectory(host) {
		layer.Lower = append(layer.Lower, host)
	}
	l.plan.Layers = append(l.plan.Layers, layer)
	return nil
}

func isDirectory(dir string) bool {
	st, err := os.Lstat(dir)
	return err == nil && st.IsDir()
}

// divide covers what is in the directory, each by itself.
func (l *layering) divide(dir string) error {
	err := l.place(dir)
	if err == nil {
		err = enterable(path.Join(l.upper, dir))
	}
	if err != nil {
		return err
	}
	names, err := l.names(dir)
	if errors.Is(err, fs.ErrPermission) {
		return l.leave(dir) // what cannot be listed cannot be put together anew
	}
	if err != nil {
		return err
	}
	before := l.split[dir]
	for _, name := range names {
		known := slices.Contains(before, name)
		if _, err := os.Lstat(path.Join(l.upper, dir, name)); known && err != nil {
			continue // the command removed it
		}
		if err := l.entry(path.Join(dir, name)); err != nil {
			return err
		}
		if _, err := os.Lstat(path.Join(l.upper, dir, name)); !known && err == nil {
			l.split[dir] = append(l.split[dir], name)
		}
	}
	return nil
}

// enterable lets the user look into a directory of the upper tree, which the command
// may have closed to him.
func enterable(dir string) error {
	st, err := os.Lstat(dir)
	if err != nil || !st.IsDir() || st.Mode()&0o700 == 0o700 {
		return err
	}
	return os.Chmod(dir, st.Mode()|0o700)
}

// names are what is in a directory that is divided, with what saved overlays have there.
func (l *layering) names(dir string) ([]string, error) {
	host, _ := l.tree.host(dir)
	entries, err := os.ReadDir(host)
	if err != nil {
		return nil, err
	}
	for _, saved := range l.lower {
		more, _ := os.ReadDir(path.Join(saved, dir))
		entries = append(entries, more...)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// bigFile is the size in bytes above which a file in a divided directory is not
// copied: it stays as it is.
const bigFile = 1 << 20

// entry puts one entry of a divided directory into the run's tree.
func (l *layering) entry(name string) error {
	source, st, err := l.topmost(name)
	if err != nil {
		return nil // gone meanwhile
	}
	target := path.Join(l.upper, name)
	there, missing := os.Lstat(target)
	if missing == nil && standsIn(target) {
		if missing = os.Remove(target); missing == nil {
			missing = fs.ErrNotExist // it is made again if it still has to be
		}
	}
	switch {
	case missing == nil && !there.IsDir():
		return nil // the command's own: a symbolic link would lead out of the overlay
	case st.IsDir():
		return l.cover(name)
	case missing == nil || st.Mode()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) != 0:
		return nil
	case st.Mode()&fs.ModeSymlink != 0:
		content, err := os.Readlink(source)
		if err != nil {
			return err
		}
		if err := os.Symlink(content, target); err != nil {
			return err
		}
		return keepOwner(target, st)
	}
	if st.Size() <= bigFile {
		data, err := os.ReadFile(source)
		if err == nil {
			return l.copyFile(target, data, st)
		}
	}
	if err := standIn(target); err != nil {
		return err
	}
	l.plan.Alone = append(l.plan.Alone, namespace.Bind{Source: source, Path: name})
	return nil
}

// standIn makes an empty file for something to be mounted on, which says of itself that
// it is no change: a commit would put it in the place of the file that it stands for.
func standIn(target string) error {
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		return err
	}
	if err := unix.Lsetxattr(target, overlay.StandIn, []byte("y"), 0); err != nil {
		return errors.Join(&fs.PathError{Op: "setxattr " + overlay.StandIn, Path: target, Err: err}, os.Remove(target))
	}
	return os.Chmod(target, 0o400)
}

func standsIn(name string) bool {
	var value [1]byte
	_, err := unix.Lgetxattr(name, overlay.StandIn, value[:])
	return err == nil
}

// topmost finds an entry in the saved overlays and the tree below them.
func (l *layering) topmost(name string) (string, fs.FileInfo, error) {
	for _, saved := range l.lower {
		if st, err := os.Lstat(path.Join(saved, name)); err == nil && !standsIn(path.Join(saved, name)) {
			return path.Join(saved, name), st, nil
		}
	}
	host, _ := l.tree.host(name)
	st, err := os.Lstat(host)
	return host, st, err
}

func (l *layering) copyFile(target string, data []byte, st fs.FileInfo) error {
	if err := os.WriteFile(target, data, 0o600); err != nil {
		return err
	}
	if err := errors.Join(keepOwner(target, st), os.Chmod(target, st.Mode().Perm())); err != nil {
		return err
	}
	return os.Chtimes(target, st.ModTime(), st.ModTime())
}

// hostMounts are what the host has mounted in the run's root filesystem, at the
// paths that they have there.
func (p *plan) hostMounts() ([]namespace.MountPoint, error) {
	all, err := namespace.MountPoints()
	if err != nil {
		return nil, err
	}
	var points []namespace.MountPoint
	for _, m := range all {
		if !paths.Under(m.Path, p.tree.root) || m.Path == p.tree.root && m.Path != "/" {
			continue
		}
		points = append(points, namespace.MountPoint{Path: path.Join("/", strings.TrimPrefix(m.Path, p.tree.root)), Type: m.Type})
	}
	return points, nil
}

// findThrough finds what is written where it is although there is an overlay, and
// opens the rest.
func (p *plan) findThrough() error {
	if p.cmd.Overlay == nil {
		return nil
	}
	for _, r := range p.policy.Rules() {
		if r.Effect != policy.EffectAllow || r.Access&policy.Write == 0 {
			continue
		}
		literal := r.Pattern.Literal()
		if _, err := p.tree.bottom().lstat(literal); err != nil || r.Pattern.IsRegexp() || literal == "/" {
			return &SetupError{Step: "overlay", Err: fmt.Errorf("%s is to be written where it is, and is no path of something that is there: without this, it is written in the overlay", r.Pattern)}
		}
		p.through = append(p.through, literal)
	}
	if p.through = paths.Topmost(p.through); p.cmd.Overlay.Dir == "" {
		return nil
	}
	p.policy = p.policy.Allow(policy.Write, "/")
	return nil
}

// onDisk are the places that can be written and are the host's own.
func (p *plan) onDisk() []string {
	if p.cmd.Overlay != nil {
		return p.through
	}
	return p.walls.writable
}

// opens tells whether the policy itself opens a directory for temporary files.
func (p *plan) opens(dir string) bool {
	if p.cmd.Overlay == nil {
		return p.policy.Allows(policy.Write, dir)
	}
	return slices.Contains(p.through, dir) || paths.Under(p.dir, dir)
}

// takesOver tells whether files are to be brought into the overlay before they are
// changed: those of others, which a user could not change there, and those of which
// something is only noted.
func (p *plan) takesOver() bool {
	return p.cmd.Overlay != nil && p.cmd.Overlay.Dir != "" && (!p.root || p.fake != nil)
}

// skeleton brings the user's tree of the directories of others up to date.
func (p *plan) skeleton(l *layering) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = path.Join(p.cmd.Overlay.Dir, "cache")
	}
	sum := sha256.Sum256([]byte(p.tree.root))
	tree := path.Join(cache, "catbox", "skeleton", hex.EncodeToString(sum[:8]))
	s := skeleton.Skeleton{
		Dir: tree, Root: p.tree.root, User: os.Geteuid(), Age: 10 * time.Minute, Keep: 30 * 24 * time.Hour,
		Skip: func(dir string) bool {
			// Where the tree itself lies it cannot be a layer: see layer.
			return l.alone(dir) || dir != "/" && paths.Under(tree, dir) || slices.ContainsFunc(l.points, func(m namespace.MountPoint) bool {
				return m.Path == dir && slices.Contains(special, m.Type)
			})
		},
	}
	l.skeleton = func(dir string) string { return path.Join(s.Tree(), dir) }
	if hook := p.cmd.Hooks.Reading; hook != nil && s.First() {
		if done := hook(p.tree.root); done != nil {
			defer done()
		}
	}
	return s.Refresh()
}

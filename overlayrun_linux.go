package catbox

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/fuseoverlay"
	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/overlay"
)

// held is a run's overlay, from before its start to its end.
type held struct {
	overlay *overlay.Overlay
	lock    io.Closer
	state   *FakeState // of the fake root, if it is the overlay's own
	started time.Time
	// temporary: nothing is written in it, and it is not kept.
	temporary bool
	lower     []string            // upper trees of saved overlays, topmost first
	server    *fuseoverlay.Server // that has the layers mounted; nil: the kernel does it
	points    []string            // places in the upper tree that are there to mount on, and not in the tree below
}

// serves tells whether the overlay was mounted by a server on the host's side.
func (h *held) serves() bool { return h != nil && h.server != nil }

// findOverlay makes or opens the overlay, and finds how it covers the run's tree.
func (p *plan) findOverlay() error {
	if p.cmd.Overlay == nil {
		return nil
	}
	if nested() {
		return &SetupError{Step: "overlay", Err: seccomp.ErrNested}
	}
	err := p.openOverlay()
	if err == nil {
		err = p.layOver()
	}
	if err != nil {
		p.held.leave()
		return &SetupError{Step: "overlay", Err: err}
	}
	return nil
}

// nested tells that a run cannot be supervised, as this process is already, before an
// overlay is made for one.
func nested() bool {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err == nil && mode == unix.SECCOMP_MODE_FILTER && errors.Is(features.Notify(), unix.EBUSY)
}

// directory is that of the overlay. What only puts saved ones together has a
// temporary one, for the directories that are put together anew.
func (o *Overlay) directory() (string, error) {
	if o.Dir != "" {
		return o.Dir, nil
	}
	dir, err := os.MkdirTemp("", "catbox-overlay-")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "overlay"), nil
}

func (p *plan) openOverlay() error {
	dir, err := p.cmd.Overlay.directory()
	if err != nil {
		return err
	}
	o, err := overlay.Create(dir, overlay.Options{Root: p.tree.root, Lower: p.cmd.Overlay.Lower})
	if err != nil && p.cmd.Overlay.Dir == "" {
		os.Remove(filepath.Dir(dir))
	}
	if err != nil {
		return err
	}
	p.held = &held{overlay: o, started: time.Now(), temporary: p.cmd.Overlay.Dir == ""}
	if p.held.lock, err = o.Lock(); err != nil {
		return err
	}
	if p.fake != nil && p.cmd.FakeRoot.State == nil {
		if p.held.state, err = OpenFakeState(o.FakeRoot()); err != nil {
			return err
		}
		p.fake.State = p.held.state
	}
	return p.noteLower()
}

// noteLower notes what was noted of the files of saved overlays.
func (p *plan) noteLower() error {
	if p.fake == nil {
		return nil
	}
	noted := map[string]bool{}
	for _, e := range p.fake.State.Entries() {
		noted[e.Path] = true
	}
	for _, dir := range p.held.overlay.Lower() {
		saved, err := LoadFakeState(overlay.FakeRootOf(dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range saved.Entries() {
			if fakeroot.ToPath(&e); noted[e.Path] {
				continue
			}
			if err := p.fake.State.Put(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *plan) layOver() error {
	points, err := p.hostMounts()
	if err != nil {
		return err
	}
	o := p.held.overlay
	l := &layering{tree: p.tree.bottom(), points: points, upper: o.Upper(), split: o.Split(), alone: p.ownPlace, work: o.Work}
	for _, dir := range o.Lower() {
		saved, err := overlay.Open(dir)
		if err != nil {
			return err
		}
		l.lower = append(l.lower, saved.Upper())
		saved.Close()
	}
	p.held.lower = l.lower
	if p.takesOver() && !p.root && p.cmd.Overlay.Type != OverlayFUSE {
		if err := p.skeleton(l); err != nil {
			return err
		}
	}
	p.findPoints(l.tree)
	l.plan.Upper = o.Upper()
	if err := l.cover("/"); err != nil {
		return err
	}
	if err := p.placeDir(l); err != nil {
		return err
	}
	for _, path := range p.through {
		if host, ok := l.tree.host(path); ok {
			l.plan.Through = append(l.plan.Through, namespace.Bind{Source: host, Path: path})
		}
	}
	p.overlay = &l.plan
	p.hideOverlay()
	if err := o.SetSplit(l.split); err != nil || p.cmd.Overlay.Type != OverlayFUSE {
		return err
	}
	return p.byFUSE()
}

// placeDir makes the working directory, and those on the way, the user's in the upper tree.
// The skeleton does so with others, but not where it lies itself, which is where the user's
// own directories are; with a group that the user namespace does not have they would be
// out of reach too (EOVERFLOW).
func (p *plan) placeDir(l *layering) error {
	if p.root || p.cmd.Overlay.Dir == "" || p.ownPlace(p.dir) {
		return nil
	}
	var way []string
	for dir := p.dir; dir != "/"; dir = filepath.Dir(dir) {
		way = append(way, dir)
	}
	slices.Reverse(way)
	for _, dir := range way {
		removed := false
		st, err := os.Lstat(filepath.Join(l.upper, dir))
		if err != nil {
			removed = slices.Contains(l.split[filepath.Dir(dir)], filepath.Base(dir))
		}
		if removed || err == nil && !st.IsDir() || hides(l.upper, dir) {
			return nil // the command has something else there, or nothing
		}
		if _, err := l.tree.lstat(dir); err != nil {
			return nil
		}
		if err := l.place(dir); err != nil {
			return err
		}
	}
	return nil
}

// hideOverlay has the run see an empty directory where the overlay is: what it did
// there would be changes of changes.
func (p *plan) hideOverlay() {
	dir, err := filepath.EvalSymlinks(p.held.overlay.Dir())
	if err != nil {
		return
	}
	if seen, there := p.tree.view(dir); there && !paths.UnderAny(seen, p.private) {
		p.mounts = append(p.mounts, namespace.Mount{Type: "tmpfs", Target: seen, ReadOnly: true, Attr: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV})
	}
}

// ownPlace tells whether the run has something of its own at a directory of its tree.
func (p *plan) ownPlace(dir string) bool {
	return dir == "/proc" || dir == "/dev" || slices.Contains(p.private, dir)
}

// settle ends the use of the overlay by a run that has ended.
func (h *held) settle() error {
	if h == nil {
		return nil
	}
	err := h.server.Close()
	h.server = nil
	if h.state != nil {
		err, h.state = errors.Join(err, h.state.Close()), nil
	}
	if !h.temporary {
		h.removePoints()
		err = errors.Join(err, h.overlay.Settle(h.started))
	}
	return errors.Join(err, h.leave())
}

// removePoints removes what was made to mount on: it is nothing that the command did.
func (h *held) removePoints() {
	for _, point := range h.points {
		for at := point; at != "/"; at = filepath.Dir(at) {
			full := filepath.Join(h.overlay.Upper(), at)
			st, err := os.Lstat(full)
			if err != nil || st.Mode().IsRegular() && st.Size() > 0 || os.Remove(full) != nil {
				break // the command has put something there
			}
		}
	}
}

// findPoints finds what is made to mount on.
func (p *plan) findPoints(below *tree) {
	all := []string{"/proc", "/dev"}
	for _, m := range p.mounts {
		all = append(all, m.Target)
	}
	for _, f := range p.files {
		all = append(all, f.Path)
	}
	for _, point := range all {
		host := filepath.Join(below.root, point)
		_, err := os.Lstat(host)
		_, made := os.Lstat(filepath.Join(p.held.overlay.Upper(), point))
		if err != nil && made != nil {
			p.held.points = append(p.held.points, point)
		}
	}
}

// leave closes what is open.
func (h *held) leave() error {
	if h == nil {
		return nil
	}
	errs := []error{h.server.Close()}
	if h.state != nil {
		errs = append(errs, h.state.Close())
	}
	errs = append(errs, h.overlay.Close())
	if h.lock != nil {
		errs = append(errs, h.lock.Close())
	}
	if h.temporary {
		errs = append(errs, overlay.Discard(h.overlay.Dir()), os.Remove(filepath.Dir(h.overlay.Dir())))
	}
	return errors.Join(errs...)
}

// upperPath is where the overlay has what the run has at a path.
func (p *plan) upperPath(name string) string {
	for _, own := range slices.Concat([]string{"/proc", "/dev"}, p.private) {
		if paths.Under(name, own) {
			return ""
		}
	}
	return filepath.Join(p.held.overlay.Upper(), name)
}

// seenAt moves an entry to the inode that the run sees of its file: the device
// numbers of an overlay are new in each run.
func (p *plan) seenAt(pid int) func(*FakeEntry) {
	return func(e *FakeEntry) {
		seen, there := p.inLayers(e.Path)
		if !there {
			seen, there = p.tree.view(e.Path)
		}
		if !there || e.Path == "" {
			return
		}
		if id, ok := statIn(pid, seen); ok {
			e.ID, e.Birth = id, 0 // see supervisor.FakeRoot.NoBirth
		}
	}
}

// below finds the owners of directories that the run sees as the user's own, as they
// could not be written otherwise. Nil where owners are shown as they are.
func (p *plan) below() func(string) (uint32, uint32, bool) {
	if p.overlay == nil || p.root || p.ownIDs() || p.fake.UnknownIsReal {
		return nil
	}
	bottom := p.tree.bottom()
	return func(seen string) (uid, gid uint32, there bool) {
		host, ok := bottom.host(seen)
		var st unix.Stat_t
		if !ok || paths.UnderAny(seen, p.private) || unix.Lstat(host, &st) != nil || int(st.Uid) == os.Geteuid() {
			return 0, 0, false
		}
		for _, upper := range p.tree.layers {
			if hides(upper, seen) {
				return 0, 0, false
			}
		}
		return st.Uid, st.Gid, st.Mode&unix.S_IFMT == unix.S_IFDIR
	}
}

// inLayers is the path in the run of what is in one of the overlays' upper trees.
func (p *plan) inLayers(host string) (string, bool) {
	for _, upper := range p.tree.layers {
		if rest, inside := strings.CutPrefix(host, upper+"/"); inside {
			return "/" + rest, true
		}
	}
	return "", false
}

// backOnDisk moves an entry to the inode that its file has on disk. A file of a
// saved overlay that was changed is in this one now.
func (p *plan) backOnDisk(e *FakeEntry) {
	if seen, inside := p.inLayers(e.Path); inside {
		changed := *e
		changed.Path = filepath.Join(p.held.overlay.Upper(), seen)
		if id, there := fakeroot.At(changed); there {
			e.ID, e.Path = id, changed.Path
			return
		}
	}
	fakeroot.ToPath(e)
}

// statIn looks at a path of a process's root directory, and follows no symbolic link.
func statIn(pid int, path string) (fakeroot.ID, bool) {
	root, err := unix.Open("/proc/"+itoa(pid)+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fakeroot.ID{}, false
	}
	defer unix.Close(root)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(root, path, &how)
	if err != nil {
		return fakeroot.ID{}, false
	}
	defer unix.Close(fd)
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		return fakeroot.ID{}, false
	}
	return fakeroot.IDOf(&st), true
}

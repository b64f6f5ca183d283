package catbox

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fuseoverlay"
	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/stage"
)

// check finds a type that is none.
func (o *Overlay) check() error {
	switch o.Type {
	case "", OverlayKernel, OverlayFUSE:
		return nil
	}
	return fmt.Errorf("%q is no type of overlay: want %s or %s", string(o.Type), OverlayKernel, OverlayFUSE)
}

// refusesOverlay tells that the kernel makes no overlay here, or not of these
// directories: it has no overlayfs, lets no user namespace mount one, or takes no upper
// layer of their file system.
func (p *plan) refusesOverlay(err error) bool {
	var refused *refusedError
	if errors.As(err, &refused) {
		err = refused.err
	}
	var step *stage.Error
	var setup *SetupError
	switch {
	case p.overlay == nil || p.held.server != nil || err == nil:
		return false
	case errors.As(err, &step) && step.Step == namespace.MakeOverlay, errors.As(err, &setup) && setup.Step == namespace.MakeOverlay:
	default:
		return false
	}
	for _, errno := range []error{unix.ENODEV, unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EROFS} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// instead has fuse-overlayfs do what the kernel refuses, unless the caller wants
// nothing but the kernel's.
func (p *plan) instead(why error) error {
	err := error(&UnsupportedError{Part: "an overlay by the kernel", Err: why})
	if p.cmd.Overlay.Type == OverlayKernel {
		return err
	}
	if missing := fuseoverlay.Available(); missing != nil {
		return &UnsupportedError{Part: "an overlay", Err: fmt.Errorf("the kernel's: %w; fuse-overlayfs, which could be had instead: %w", why, missing)}
	}
	return p.byFUSE()
}

// byFUSE mounts the overlay by fuse-overlayfs: one for the whole tree, of which each
// layer is a part.
func (p *plan) byFUSE() error {
	if p.ownIDs() {
		return &UnsupportedError{Part: "fake root mode subuid in an overlay by fuse-overlayfs", Err: errors.New("it lets nobody in but the user")}
	}
	o := p.held.overlay
	hidden, err := p.hideFromFUSE()
	if err == nil {
		err = o.ByFUSE(hidden)
	}
	if err != nil {
		return err
	}
	work, err := o.Work()
	if err != nil {
		return err
	}
	at := filepath.Join(filepath.Dir(work), "merged")
	if err := os.Mkdir(at, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	lower := append(p.held.lower[:len(p.held.lower):len(p.held.lower)], p.tree.root)
	p.held.server, err = fuseoverlay.Start(fuseoverlay.Layers{Lower: lower, Upper: o.Upper(), Work: work, At: at})
	if err != nil {
		return &UnsupportedError{Part: "an overlay by fuse-overlayfs", Err: err}
	}
	for i := range p.overlay.Layers {
		l := &p.overlay.Layers[i]
		l.Mounted = path.Join(at, l.Path)
	}
	return nil
}

// hideFromFUSE makes the way to the overlay's own directory in its upper tree, and
// returns its path in the run's tree; "" if it is not seen there.
func (p *plan) hideFromFUSE() (string, error) {
	dir, err := filepath.EvalSymlinks(p.held.overlay.Dir())
	if err != nil {
		return "", err
	}
	l := layering{tree: p.tree.bottom(), upper: p.held.overlay.Upper()}
	seen, there := l.tree.view(dir)
	if !there {
		return "", nil
	}
	return seen, l.way(path.Dir(seen))
}

// way makes a directory and those on the way to it in the upper tree.
func (l *layering) way(dir string) error {
	if dir == "/" {
		return nil
	}
	if err := l.way(path.Dir(dir)); err != nil {
		return err
	}
	if st, err := os.Lstat(path.Join(l.upper, dir)); err == nil && !st.IsDir() {
		return &os.PathError{Op: "hide the overlay below", Path: path.Join(l.upper, dir), Err: unix.ENOTDIR}
	}
	return l.place(dir)
}

// overlayBy says what merges the layers.
func (p *plan) overlayBy() []Enforcement {
	switch {
	case p.held == nil:
		return nil
	case p.held.server != nil:
		return []Enforcement{{"overlay", string(OverlayFUSE)}}
	}
	return []Enforcement{{"overlay", "the kernel's overlayfs"}}
}

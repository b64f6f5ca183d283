package supervisor

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// takeOver makes the files that a call would change the user's own, where the
// run's tree is an overlay and the user is not root: the kernel would have to
// copy them up with an owner whose id the run's user namespace does not have, and
// says EOVERFLOW. A copy of a file takes its place, in the upper layer. What fails
// here fails in the call too, with the kernel's error.
func (r *receiver) takeOver(h *held) {
	if h.row.Class == abi.Open {
		o, errno := h.opening()
		exclusive := o.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL
		if errno != 0 || !o.writes() || exclusive || o.flags&unix.O_PATH != 0 || o.temporary() {
			return
		}
		r.takeOverAt(h.openLookup(o), false)
		return
	}
	if h.row.Class != abi.Write {
		return
	}
	list := h.row.Paths()
	switch h.row.Change {
	case abi.Mkdir, abi.Mknod, abi.Symlink, abi.Unlink:
		return // the directory is the user's already
	case abi.Rename, abi.HardLink:
		list = list[:1]
	}
	for _, arg := range list {
		if h.namesDescriptor(arg) {
			continue
		}
		if path, errno := h.path(arg.Path); errno == 0 {
			r.takeOverAt(h.lookup(arg, path), h.row.Change.Metadata())
		}
	}
}

// takenOver makes names of temporary files that are not used twice.
var takenOver atomic.Uint64

func (r *receiver) takeOverAt(l target.Lookup, metadata bool) {
	l.Entry, l.Pin = false, true
	p, errno := r.s.view.Resolve(l)
	if errno != 0 {
		return
	}
	defer p.Close()
	var st unix.Stat_t
	var fs unix.Statfs_t
	if p.File < 0 || p.Dir < 0 || mountPoint(p) || unix.Fstat(p.File, &st) != nil || unix.Fstatfs(p.File, &fs) != nil || !isOverlay(fs.Type) {
		return
	}
	// By fuse-overlayfs all is the user's own; another one's on FUSE is no overlay's.
	if isOwn(&st) || fs.Type == unix.FUSE_SUPER_MAGIC {
		if metadata && r.s.Fake != nil {
			// What is noted is noted of a file of the overlay: this copies it up.
			_ = unix.Fchownat(p.Dir, p.Name, -1, -1, unix.AT_SYMLINK_NOFOLLOW)
		}
		return
	}
	name := ".catbox-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(takenOver.Add(1), 10)
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		err = copyInto(p, &st, name)
	case unix.S_IFLNK:
		err = linkInto(p, name)
	default:
		return
	}
	if err == nil {
		err = unix.Renameat(p.Dir, name, p.Dir, p.Name)
	}
	if err != nil {
		_ = unix.Unlinkat(p.Dir, name, 0)
		return
	}
	r.noteOwner(p, &st)
}

// isOwn tells of a file whose ids the run's user namespace has: root's has all.
func isOwn(st *unix.Stat_t) bool {
	euid := os.Geteuid()
	return euid == 0 || int(st.Uid) == euid && int(st.Gid) == os.Getegid()
}

// isOverlay tells the types of file systems that overlays have.
func isOverlay(magic int64) bool {
	return magic == unix.OVERLAYFS_SUPER_MAGIC || magic == unix.FUSE_SUPER_MAGIC
}

// copyInto makes a copy of a file beside it, with its mode, times and attributes.
func copyInto(p target.Place, st *unix.Stat_t, name string) error {
	source, err := os.Open(sys.FDPath(p.File))
	if err != nil && st.Size == 0 {
		source, err = os.Open(os.DevNull) // a lock, which nobody else may read, has nothing to be read
	}
	if err != nil {
		return err
	}
	defer source.Close()
	fd, err := unix.Openat(p.Dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	made := os.NewFile(uintptr(fd), name)
	defer made.Close()
	if _, err := io.Copy(made, source); err != nil {
		return err
	}
	copyAttributes(int(source.Fd()), fd)
	if err := unix.Fchmod(fd, st.Mode&0o7777); err != nil {
		return err
	}
	times := []unix.Timespec{st.Atim, st.Mtim}
	return unix.UtimesNanoAt(unix.AT_FDCWD, sys.FDPath(fd), times, 0)
}

// copyAttributes copies the extended attributes that the user may set.
func copyAttributes(from, to int) {
	var names, value [1 << 16]byte
	n, err := unix.Flistxattr(from, names[:])
	if err != nil {
		return
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
		if size, err := unix.Fgetxattr(from, name, value[:]); err == nil {
			_ = unix.Fsetxattr(to, name, value[:size], 0)
		}
	}
}

func linkInto(p target.Place, name string) error {
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(p.File, "", buf[:])
	if err != nil {
		return err
	}
	return unix.Symlinkat(string(buf[:n]), p.Dir, name)
}

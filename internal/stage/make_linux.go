package stage

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
)

// MakeRequest asks the init for a file in a directory that belongs to another id
// of the run: the caller has no rights there.
type MakeRequest struct {
	Dir  string      // as the run sees it
	ID   fakeroot.ID // of Dir: it must still be there
	Name string
	Mode uint32 // whatever the umask is
}

type madeDone struct{ Errno syscall.Errno }

// Make has the init make a file, of which mknod(2) makes the type for anybody.
func (r *Run) Make(m MakeRequest) error {
	r.makeMu.Lock()
	defer r.makeMu.Unlock()
	if err := r.conn.send(message{Make: &m}); err != nil {
		return err
	}
	select {
	case errno := <-r.made:
		if errno != 0 {
			return errno
		}
		return nil
	case <-r.ended:
		return syscall.ESRCH
	}
}

func (in *initProcess) make(m *MakeRequest) {
	errno, _ := m.make().(syscall.Errno)
	in.conn.send(message{Made: &madeDone{errno}})
}

func (m *MakeRequest) make() error {
	dir, found, err := openOwned(m.Dir)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if found.ID != m.ID {
		return unix.ENOENT
	}
	if err := unix.Mknodat(dir, m.Name, m.Mode, 0); err != nil {
		return err
	}
	fd, err := unix.Openat(dir, m.Name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != m.Mode&unix.S_IFMT || st.Uid != 0 {
		return unix.ENOENT // somebody has put something else there
	}
	return unix.Chmod(sys.FDPath(fd), m.Mode&0777)
}

package stage

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/idmap"
	"github.com/catbox-go/catbox/internal/sys"
)

// Owned is a file and what only root can give it: owners, set-user-ID and its
// kind, and attributes that name ids. Ids are those of the run's user namespace.
type Owned struct {
	ID       fakeroot.ID
	Path     string
	Mode     uint32
	UID, GID uint32
	Nlink    uint32
	Xattrs   []Attribute
}

// Attribute is an extended attribute.
type Attribute struct{ Name, Value string }

// rootAttributes are the attributes that Owned has.
var rootAttributes = []string{fakeroot.Capability, fakeroot.ACLAccess, fakeroot.ACLDefault}

// give gives files the owners that they are to have while the command runs. A
// file that is not there any more is left out.
func (in *initProcess) give() error {
	for _, o := range in.spec.Give {
		fd, found, err := openOwned(o.Path)
		if err != nil {
			continue
		}
		if found.ID.Dev == o.ID.Dev && found.ID.Ino == o.ID.Ino {
			err = o.apply(fd)
		}
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Path, err)
		}
	}
	return nil
}

func (o Owned) apply(fd int) error {
	if err := unix.Fchownat(fd, "", int(o.UID), int(o.GID), unix.AT_EMPTY_PATH); err != nil {
		return os.NewSyscallError("fchownat", err)
	}
	if o.Mode&unix.S_IFMT == unix.S_IFLNK {
		return nil
	}
	for _, x := range o.Xattrs {
		if err := unix.Setxattr(sys.FDPath(fd), x.Name, []byte(x.Value), 0); err != nil {
			return os.NewSyscallError("setxattr "+x.Name, err)
		}
	}
	return os.NewSyscallError("chmod", unix.Chmod(sys.FDPath(fd), o.Mode&07777))
}

// takeBack gives the files at and below the paths to the user again, with rights
// to go on with them, and returns what they were.
func takeBack(paths []string) []Owned {
	var was []Owned
	for _, path := range paths {
		// What cannot be read or changed is not among what is told.
		_ = filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if o, ok := takeOneBack(path); ok {
				was = append(was, o)
			}
			return nil
		})
	}
	return was
}

func takeOneBack(path string) (o Owned, changed bool) {
	fd, o, err := openOwned(path)
	if err != nil {
		return o, false
	}
	defer unix.Close(fd)
	link := o.Mode&unix.S_IFMT == unix.S_IFLNK
	if !link {
		o.Xattrs = readAttributes(fd)
	}
	gid := 0
	// Root of the run can give only a group that the run has; another one stays.
	if o.GID == idmap.Overflow && unix.Fchownat(fd, "", -1, idmap.Overflow, unix.AT_EMPTY_PATH) != nil {
		o.GID, gid = 0, -1
	}
	if o.UID == 0 && o.GID == 0 && o.Mode&(unix.S_ISUID|unix.S_ISGID) == 0 && len(o.Xattrs) == 0 {
		return o, false
	}
	if unix.Fchownat(fd, "", 0, gid, unix.AT_EMPTY_PATH) != nil {
		return o, false
	}
	if link {
		return o, true
	}
	for _, x := range o.Xattrs {
		_ = unix.Removexattr(sys.FDPath(fd), x.Name)
	}
	return o, unix.Chmod(sys.FDPath(fd), o.Mode&0777|fakeroot.OwnerBits(o.Mode)) == nil
}

func openOwned(path string) (int, Owned, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, Owned{}, err
	}
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st); err != nil {
		unix.Close(fd)
		return -1, Owned{}, err
	}
	return fd, Owned{ID: fakeroot.IDOf(&st), Path: path, Mode: uint32(st.Mode), UID: st.Uid, GID: st.Gid, Nlink: st.Nlink}, nil
}

func readAttributes(fd int) []Attribute {
	path := sys.FDPath(fd)
	if n, err := unix.Listxattr(path, nil); err == nil && n == 0 {
		return nil
	}
	var list []Attribute
	buf := make([]byte, 1<<16)
	for _, name := range rootAttributes {
		if n, err := unix.Getxattr(path, name, buf); err == nil {
			list = append(list, Attribute{name, string(buf[:n])})
		}
	}
	return list
}

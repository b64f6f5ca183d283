package overlay

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// A directory that its owner may not look into (mode 0) is no hindrance to a
// fake root, which is root in a user namespace, and a command can make one. Whoever compares the overlay is
// not: such a directory is opened to its owner as long as the layer is open.

// modeMark is the attribute of such a directory: the mode that it has, in
// octal. Who is killed leaves it, and the mode still counts.
const modeMark = "user.overlay.catbox.mode"

// lent is what a directory is opened to its owner with.
const lent = 0o700

// openHere opens a directory in another one. One that is closed to its owner is
// opened to him; so is known of one that somebody who was killed opened.
func (l *layer) openHere(parent *os.File, name, path string) (*os.File, error) {
	dir, err := openDir(parent, name)
	if err != nil || l.plain {
		return dir, err
	}
	if err := l.openUp(dir, path); err != nil {
		dir.Close()
		return nil, err
	}
	return dir, nil
}

func (l *layer) openUp(dir *os.File, path string) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &st); err != nil {
		return named("stat", err)
	}
	name := sys.FDPath(int(dir.Fd()))
	if _, marked := markedMode(name, st.Mode); marked {
		l.opened = append(l.opened, path)
		return nil
	}
	if st.Mode&0o500 == 0o500 || int(st.Uid) != os.Geteuid() {
		return nil
	}
	mode := st.Mode & 0o7777
	if err := unix.Chmod(name, mode|lent); err != nil {
		return named("chmod", err)
	}
	l.opened = append(l.opened, path)
	return named("setxattr "+modeMark, unix.Setxattr(name, modeMark, []byte(strconv.FormatUint(uint64(mode), 8)), 0))
}

// closeAgain gives the directories that were opened their modes, those further
// down first: the way to them leads through the others.
func (l *layer) closeAgain() error {
	var errs []error
	for i := len(l.opened) - 1; i >= 0; i-- {
		errs = append(errs, l.wrap(l.opened[i], l.closeOne(l.opened[i])))
	}
	l.opened = nil
	return errors.Join(errs...)
}

func (l *layer) closeOne(path string) error {
	fd, err := openDirAt(l.tree, path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil // it was committed, or is something else now
	}
	if err != nil {
		return named("open", err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return named("stat", err)
	}
	name := sys.FDPath(fd)
	mode, marked := markedMode(name, st.Mode)
	if !marked {
		return nil // a command changed it meanwhile
	}
	if err := unix.Removexattr(name, modeMark); err != nil {
		return named("removexattr "+modeMark, err)
	}
	return named("chmod", unix.Chmod(name, mode))
}

// markedMode is the mode that a directory says of itself to have, if it was
// opened for its owner and not changed since.
func markedMode(path string, mode uint32) (uint32, bool) {
	var value [8]byte
	n, err := unix.Getxattr(path, modeMark, value[:])
	if err != nil {
		return 0, false
	}
	return opensTo(value[:n], mode)
}

func opensTo(mark []byte, mode uint32) (uint32, bool) {
	was, err := strconv.ParseUint(string(mark), 8, 12)
	return uint32(was), err == nil && uint32(was)|lent == mode&0o7777
}

// isClosed tells of a directory that it is, or would be if nobody had opened it.
func (s *Stat) isClosed() bool {
	_, marked := s.Xattrs[modeMark]
	return s.IsDir() && (s.Mode&0o500 != 0o500 || marked)
}

// unlend makes a status that of a directory as it is when it is closed again.
func (s *Stat) unlend() {
	if mark, there := s.Xattrs[modeMark]; there && s.IsDir() {
		if mode, marked := opensTo(mark, s.Mode); marked {
			s.Mode = s.Mode&^0o7777 | mode
		}
	}
}

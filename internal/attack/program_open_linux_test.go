//go:build amd64

package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

func opens(flags int) program {
	return func(t target) error { return scribble(unix.Open(t.f(), flags, 0o600)) }
}

// creates opens a name that is not there.
func creates(flags int, name string) program {
	return func(t target) error { return scribble(unix.Open(t.in(name), flags|unix.O_CREAT|unix.O_WRONLY, 0o600)) }
}

var openPrograms = map[string]program{
	"open-wronly": opens(unix.O_WRONLY),
	"open-rdwr":   opens(unix.O_RDWR),
	"open-append": opens(unix.O_WRONLY | unix.O_APPEND),
	"open-trunc": func(t target) error {
		fd, err := unix.Open(t.f(), unix.O_RDONLY|unix.O_TRUNC, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	},
	"open-creat":    creates(0, "new"),
	"open-excl":     creates(unix.O_EXCL, "new"),
	"open-slashes":  creates(0, "d//e/.././../new"),
	"open-dangling": creates(0, "dangling"),
	"open-symlink":  func(t target) error { return scribble(unix.Open(t.in("l"), unix.O_WRONLY|unix.O_TRUNC, 0)) },
	"open-legacy": func(t target) error {
		fd, err := call(unix.SYS_OPEN, t.f(), unix.O_WRONLY, 0)
		return scribble(int(fd), err)
	},
	"creat": func(t target) error {
		fd, err := call(unix.SYS_CREAT, t.in("new"), 0o600)
		return scribble(int(fd), err)
	},
	"openat-relative": openRelative,
	"open-tmpfile":    openTemporary,
	"open-path-reopen": func(t target) error {
		fd, err := unix.Open(t.f(), unix.O_PATH, 0)
		if err != nil {
			return err
		}
		return scribble(unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_WRONLY, 0))
	},
	"open-proc-cwd": func(t target) error {
		if err := unix.Chdir(t.Dir); err != nil {
			return err
		}
		return scribble(unix.Open("/proc/self/cwd/f", unix.O_WRONLY, 0))
	},
	"open-proc-root": func(t target) error { return scribble(unix.Open("/proc/self/root"+t.f(), unix.O_WRONLY, 0)) },
	"open-fifo": func(t target) error {
		return scribble(unix.Open(t.in("fifo"), unix.O_RDWR|unix.O_NONBLOCK|unix.O_TRUNC, 0))
	},
	"openat2":          openat2(0, 0),
	"openat2-symlinks": openat2(unix.RESOLVE_NO_SYMLINKS, 0),
	"openat2-magic":    openat2(unix.RESOLVE_NO_MAGICLINKS, 0),
	"openat2-xdev":     openat2(unix.RESOLVE_NO_XDEV, 0),
	"openat2-beneath":  openat2(unix.RESOLVE_BENEATH, 0),
	"openat2-in-root":  openat2(unix.RESOLVE_IN_ROOT, 0),
	"openat2-long":     openat2(0, 64),
	"openat2-creat":    func(t target) error { return openHow(unix.AT_FDCWD, t.in("new"), unix.O_CREAT|unix.O_WRONLY, 0, 0) },
	"truncate":         func(t target) error { return unix.Truncate(t.f(), 1) },
}

func openRelative(t target) error {
	fd, err := unix.Open(t.Dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	return scribble(unix.Openat(fd, "d/../f", unix.O_WRONLY, 0))
}

func openTemporary(t target) error {
	fd, err := unix.Open(t.Dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, t.in("new"), unix.AT_SYMLINK_FOLLOW)
}

// openat2 opens beneath a descriptor, as some of the restrictions ask for.
func openat2(resolve uint64, extra int) program {
	return func(t target) error {
		dir, err := unix.Open(t.Dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		return openHow(dir, "f", unix.O_WRONLY|unix.O_TRUNC, resolve, extra)
	}
}

// openHow gives openat2 a struct with extra bytes of zero at its end.
func openHow(dir int, path string, flags, resolve uint64, extra int) error {
	how := make([]uint64, 3+extra/8)
	how[0], how[2] = flags, resolve
	if flags&unix.O_CREAT != 0 {
		how[1] = 0o600
	}
	fd, err := call(unix.SYS_OPENAT2, dir, path, unsafe.Pointer(&how[0]), 8*len(how))
	return scribble(int(fd), err)
}

// protect is where a policy denies to write: something that is not there yet.
const protect = "config/hooks"

// linkPrograms make a denied name that is not there yet (P16), reach a file by
// another name (P19), or move things over the border (P20).
var linkPrograms = map[string]program{
	"protected-mkdir": func(t target) error { must(os.Mkdir(t.in("config"), 0o755)); return unix.Mkdir(t.in(protect), 0o755) },
	"protected-create": func(t target) error {
		must(os.Mkdir(t.in("config"), 0o755))
		return scribble(unix.Open(t.in(protect), unix.O_CREAT|unix.O_WRONLY, 0o755))
	},
	"protected-rename": func(t target) error {
		must(os.Mkdir(t.in("config"), 0o755))
		return unix.Rename(t.in("f"), t.in(protect))
	},
	"protected-link": func(t target) error {
		must(os.Mkdir(t.in("config"), 0o755))
		return unix.Link(t.in("f"), t.in(protect))
	},
	"protected-symlink": func(t target) error {
		must(os.Mkdir(t.in("config"), 0o755))
		return unix.Symlink("../f", t.in(protect))
	},
	"protected-carried": func(t target) error { // prepared under another name
		must(os.MkdirAll(t.in("prepared/hooks"), 0o755))
		return unix.Rename(t.in("prepared"), t.in("config"))
	},
	"protected-exchanged": func(t target) error {
		must(os.MkdirAll(t.in("prepared/hooks"), 0o755))
		must(os.Mkdir(t.in("config"), 0o755))
		return unix.Renameat2(unix.AT_FDCWD, t.in("config"), unix.AT_FDCWD, t.in("prepared"), unix.RENAME_EXCHANGE)
	},

	"link":         func(t target) error { return throughLink(t, unix.Link(t.f(), t.scratch("alias"))) },
	"linkat-empty": linkEmpty,
	"linkat-proc": func(t target) error {
		return readOnly(t.f(), func(fd int) error {
			return throughLink(t, unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, t.scratch("alias"), unix.AT_SYMLINK_FOLLOW))
		})
	},
	"linkat-symlink": func(t target) error {
		_ = unix.Symlink(t.f(), t.scratch("to-f"))
		return throughLink(t, unix.Linkat(unix.AT_FDCWD, t.scratch("to-f"), unix.AT_FDCWD, t.scratch("alias"), unix.AT_SYMLINK_FOLLOW))
	},
	"link-in": func(t target) error { // the other way: a new name there
		must(os.WriteFile(t.scratch("x"), nil, 0o644))
		return unix.Link(t.scratch("x"), t.in("new"))
	},

	"rename-out-in": func(t target) error { return unix.Rename(t.f(), t.scratch("taken")) },
	"rename-in-out": func(t target) error {
		must(os.WriteFile(t.scratch("x"), nil, 0o644))
		return unix.Rename(t.scratch("x"), t.in("new"))
	},
	"rename-over": func(t target) error {
		must(os.WriteFile(t.scratch("x"), nil, 0o644))
		return unix.Rename(t.scratch("x"), t.f())
	},
	"rename-dir":       func(t target) error { return unix.Rename(t.in("d"), t.scratch("d")) },
	"rename-exchange":  func(t target) error { return exchange(t, unix.RENAME_EXCHANGE) },
	"rename-noreplace": func(t target) error { return moves(t, unix.RENAME_NOREPLACE) },
	"rename-whiteout":  func(t target) error { return moves(t, unix.RENAME_WHITEOUT) },
	"rename-in-dir":    func(t target) error { return unix.Rename(t.f(), t.in("moved")) },
	"rename-root":      func(t target) error { return unix.Rename(t.Dir, filepath.Dir(t.Dir)+"/moved") },
	"renameat-relative": func(t target) error {
		must(os.Chdir(t.Dir))
		_, err := call(unix.SYS_RENAMEAT, unix.AT_FDCWD, "f", unix.AT_FDCWD, "moved")
		return err
	},
}

// throughLink writes to the file by its alias.
func throughLink(t target, err error) error {
	if err != nil {
		return err
	}
	return scribble(unix.Open(t.scratch("alias"), unix.O_WRONLY|unix.O_TRUNC, 0))
}

// linkEmpty takes CAP_DAC_READ_SEARCH before Linux 6.10.
func linkEmpty(t target) error {
	return readOnly(t.f(), func(fd int) error {
		return throughLink(t, unix.Linkat(fd, "", unix.AT_FDCWD, t.scratch("alias"), unix.AT_EMPTY_PATH))
	})
}

func exchange(t target, flags uint) error {
	must(os.WriteFile(t.scratch("x"), []byte("x"), 0o644))
	return unix.Renameat2(unix.AT_FDCWD, t.scratch("x"), unix.AT_FDCWD, t.f(), flags)
}

func moves(t target, flags uint) error {
	return unix.Renameat2(unix.AT_FDCWD, t.f(), unix.AT_FDCWD, t.in("moved"), flags)
}

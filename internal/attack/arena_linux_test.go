//go:build amd64

package attack

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// base is where everything happens. It is below the home directory, as a run
// has a /tmp of its own in which an attack would find nothing to attack.
var base string

// self is a copy of the test binary there, which a run can see.
var self string

func makeBase() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if base, err = os.MkdirTemp(home, "catbox-attack-"); err != nil {
		return "", err
	}
	exe, err := os.Executable()
	if err != nil {
		return base, err
	}
	self = filepath.Join(base, "attack")
	data, err := os.ReadFile(exe)
	if err != nil {
		return base, err
	}
	return base, os.WriteFile(self, data, 0o755)
}

// removeAll removes also what has been made immutable, as a failed row may leave it.
func removeAll(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink == 0 {
			clearFlags(path)
		}
		return nil
	})
	os.RemoveAll(dir)
}

func clearFlags(path string) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	_ = unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, 0)
}

// arena is the place of one arm: what must stay as it is, and what may be
// written. They look the same inside, so that a program does the same in both.
// The twin has the name that the target has, beside which races want a directory "allowed".
type arena struct{ Root, Outside, Allowed, Twin string }

func newArena() (arena, error) {
	root, err := os.MkdirTemp(base, "arena-")
	a := arena{root, filepath.Join(root, "outside"), filepath.Join(root, "allowed"), filepath.Join(root, "allowed", "outside")}
	return a, errors.Join(err, os.Mkdir(a.Allowed, 0o755), furnish(a.Outside), furnish(a.Twin))
}

// furnish fills a directory with things to attack.
func furnish(dir string) error {
	in := func(name string) string { return filepath.Join(dir, name) }
	return errors.Join(
		os.MkdirAll(in("d/e"), 0o755),
		os.WriteFile(in("f"), []byte("original\n"), 0o644),
		os.WriteFile(in("g"), []byte("another\n"), 0o644),
		os.WriteFile(in("d/f"), []byte("deeper\n"), 0o644),
		os.Symlink("f", in("l")),
		os.Symlink("nowhere", in("dangling")),
		os.Mkdir(in("empty"), 0o755),
		unix.Mkfifo(in("fifo"), 0o644),
		unix.Setxattr(in("f"), "user.a", []byte("1"), 0),
	)
}

// need32 builds the 32-bit program, once; "" if there is no compiler for it.
var need32 = sync.OnceValue(func() string {
	path := filepath.Join(base, "i386")
	cc, err := exec.LookPath("gcc")
	if err != nil {
		return ""
	}
	cmd := exec.Command(cc, "-m32", "-static", "-nostdlib", "-fno-stack-protector", "-fno-pic", "-no-pie", "-O1", "-o", path, "testdata/i386.c")
	if cmd.Run() != nil {
		return ""
	}
	return path
})

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

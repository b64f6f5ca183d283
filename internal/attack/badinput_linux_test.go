//go:build amd64

package attack

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// badInput prints what each call answers to what no program should pass. The
// answers have to be those of the kernel. File names are short of what the
// arena's own path takes. It runs unconfined too: every path stays in the arena,
// and no descriptor is one that it was given (as root, even standard input is a
// file of the host: /dev/null).
func badInput(t target) error {
	must(os.Chdir(t.Dir))
	page, err := unix.Mmap(-1, 0, 3*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	must(err)
	must(unix.Mprotect(page[8192:], unix.PROT_NONE))
	base := uintptr(unsafe.Pointer(&page[0]))
	end := base + 8192
	say := func(what string, err error) { fmt.Printf("%s: %v\n", what, err) }
	try := func(what string, path any) {
		for _, c := range pathCalls {
			r, err := c.do(path)
			if err == nil && c.opens {
				unix.Close(int(r))
			}
			say(c.name+" "+what, err)
		}
	}
	try("null", uintptr(0))
	try("unmapped", uintptr(8))
	try("no access", end)
	try("kernel half", ^uintptr(0)-4096)
	try("not canonical", uintptr(0x0000900000000000))
	for _, n := range []int{1, 2, 255, 256, 257, 4095, 4096} {
		for i := range n {
			page[8192-n+i] = 'n'
		}
		try(fmt.Sprintf("%d bytes up to the edge", n), end-uintptr(n))
		page[8191] = 0
		if n > 1 {
			page[8192-n] = '.'
			page[8192-n+1] = '/'
		}
		try(fmt.Sprintf("string of %d that ends at the edge", n), end-uintptr(n))
		_ = os.RemoveAll(strings.Repeat("n", max(n-1, 1)))
	}
	for _, n := range []int{254, 255, 256} {
		try(fmt.Sprintf("component of %d", n), strings.Repeat("c", n))
		_ = unix.Unlink(strings.Repeat("c", n))
		_ = unix.Rmdir(strings.Repeat("c", n))
	}
	for _, n := range []int{4094, 4095, 4096, 4097} {
		try(fmt.Sprintf("path of %d", n), strings.Repeat("./", n/2-1)+strings.Repeat("f", 2+n%2))
	}
	for _, path := range []string{"", ".", "..", "f/", "f/.", "missing/", "d/", "d/..", "l/", "f/x", "missing/x", "dangling/", "fifo/"} {
		try(fmt.Sprintf("%q", path), path)
	}
	must(os.Symlink("loop", "loop"))
	try("loop", "loop")
	for _, fd := range []int{-1, -99, -100, -101, 1 << 30, 900} {
		_, err := call(unix.SYS_OPENAT, fd, "no/such", unix.O_WRONLY, 0)
		say(fmt.Sprintf("openat of %d", fd), err)
		_, err = call(unix.SYS_FCHMOD, fd, 0o644)
		say(fmt.Sprintf("fchmod of %d", fd), err)
		_, err = call(unix.SYS_MKDIRAT, fd, "no/such", 0o755)
		say(fmt.Sprintf("mkdirat of %d", fd), err)
	}
	for _, size := range []int{0, 8, 16, 23, 24, 32, 4096, 4097} {
		how := make([]uint64, 1024)
		_, err := call(unix.SYS_OPENAT2, unix.AT_FDCWD, "missing", unsafe.Pointer(&how[0]), size)
		say(fmt.Sprintf("openat2 with %d", size), err)
		how[3] = 1
		_, err = call(unix.SYS_OPENAT2, unix.AT_FDCWD, "missing", unsafe.Pointer(&how[0]), size)
		say(fmt.Sprintf("openat2 with %d and more", size), err)
	}
	return deepPaths(t, say)
}

type pathCall struct {
	name  string
	opens bool
	do    func(path any) (uintptr, error)
}

var pathCalls = []pathCall{
	{"open", true, func(p any) (uintptr, error) { return call(unix.SYS_OPEN, p, unix.O_WRONLY|unix.O_NONBLOCK, 0) }},
	{"truncate", false, func(p any) (uintptr, error) { return call(unix.SYS_TRUNCATE, p, 3) }},
	{"chmod", false, func(p any) (uintptr, error) { return call(unix.SYS_CHMOD, p, 0o755) }},
	{"rmdir", false, func(p any) (uintptr, error) { return call(unix.SYS_RMDIR, p) }},
	{"rename", false, func(p any) (uintptr, error) { return call(unix.SYS_RENAME, p, "d/e/x") }},
	{"link", false, func(p any) (uintptr, error) { return call(unix.SYS_LINK, p, "f") }},
	{"symlink", false, func(p any) (uintptr, error) { return call(unix.SYS_SYMLINK, p, "f") }},
	{"mknod", false, func(p any) (uintptr, error) { return call(unix.SYS_MKNOD, p, 0o777|unix.S_IFDIR, 0) }},
	{"setxattr", false, func(p any) (uintptr, error) { return call(unix.SYS_SETXATTR, p, uintptr(0), uintptr(0), 0, 0) }},
	{"utimensat", false, func(p any) (uintptr, error) { return call(unix.SYS_UTIMENSAT, -100, p, uintptr(8), 0) }},
}

// deepPaths works in a directory whose path is longer than PATH_MAX.
func deepPaths(t target, say func(string, error)) error {
	name := strings.Repeat("p", 200)
	for range 25 {
		say("mkdir deep", unix.Mkdir(name, 0o755))
		if err := unix.Chdir(name); err != nil {
			return err
		}
	}
	say("deep create", openOnly("x", unix.O_CREAT|unix.O_WRONLY))
	say("deep chmod", unix.Chmod("x", 0o600))
	say("deep rename", unix.Rename("x", "y"))
	say("deep link", unix.Link("y", "z"))
	say("deep unlink", unix.Unlink("y"))
	return unix.Chdir(t.Dir)
}

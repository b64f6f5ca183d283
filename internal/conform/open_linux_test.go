package conform

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

func init() {
	programs["open"] = openProgram
	programs["openat2"] = openat2Program
	programs["creat"] = func(r *recorder) {
		for _, path := range somePaths {
			if path != "fifo" {
				r.open("creat", path, 0o666)
			}
		}
	}
}

// openFlags are tried on every path. None waits: a FIFO is opened without blocking.
var openFlags = []int{
	unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, unix.O_ACCMODE,
	unix.O_RDWR | unix.O_CREAT, unix.O_RDONLY | unix.O_CREAT, unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL,
	unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC | unix.O_CLOEXEC, unix.O_RDONLY | unix.O_TRUNC, unix.O_WRONLY | unix.O_APPEND,
	unix.O_RDONLY | unix.O_NOFOLLOW, unix.O_RDWR | unix.O_NOFOLLOW, unix.O_WRONLY | unix.O_CREAT | unix.O_NOFOLLOW,
	unix.O_RDONLY | unix.O_DIRECTORY, unix.O_RDWR | unix.O_DIRECTORY, unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CREAT,
	unix.O_PATH, unix.O_PATH | unix.O_NOFOLLOW, unix.O_PATH | unix.O_DIRECTORY, unix.O_PATH | unix.O_RDWR | unix.O_CREAT,
	unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_TRUNC,
	unix.O_RDWR | unix.O_TMPFILE, unix.O_WRONLY | unix.O_TMPFILE | unix.O_EXCL, unix.O_RDONLY | unix.O_TMPFILE, unix.O_RDWR | unix.O_TMPFILE | unix.O_CREAT,
	unix.O_RDWR | unix.O_TMPFILE | unix.O_NOFOLLOW,
	unix.O_RDWR | unix.O_SYNC, unix.O_RDWR | unix.O_DSYNC | unix.O_NOATIME | unix.O_NOCTTY, unix.O_RDWR | unix.O_EXCL,
	unix.O_WRONLY | 0x40000000, // no such flag
}

func openProgram(r *recorder) {
	for _, path := range somePaths {
		for _, flags := range openFlags {
			r.open("openat", unix.AT_FDCWD, path, flags|unix.O_NONBLOCK, 0o666)
		}
	}
	for _, path := range fewPaths {
		for _, flags := range openFlags {
			r.open("open", path, flags|unix.O_NONBLOCK, 0o666)
		}
	}
	for _, mode := range []int{0, 0o400, 0o777, 0o7777, 0o1000, 0o2755, 0o4711, 0o177777, 0x7fff0000 | 0o644} {
		for _, mask := range []int{0, 0o077, 0o777, 0o022} {
			r.umask(mask)
			r.open("openat", unix.AT_FDCWD, "new", unix.O_WRONLY|unix.O_CREAT, mode)
			r.open("open", "new", unix.O_RDONLY|unix.O_CREAT, mode)
			r.open("creat", "new", mode)
			r.open("openat", unix.AT_FDCWD, ".", unix.O_RDWR|unix.O_TMPFILE, mode)
			r.umask(0o022)
		}
	}
}

// umask sets it, and notes what it was.
func (r *recorder) umask(mask int) {
	old, _ := invoke("umask", mask)
	r.plain(text("umask", mask), old)
}

// how is a struct open_how, of any size.
func how(flags, mode, resolve uint64, size int) []byte {
	b := make([]byte, max(24, size))
	binary.NativeEndian.PutUint64(b, flags)
	binary.NativeEndian.PutUint64(b[8:], mode)
	binary.NativeEndian.PutUint64(b[16:], resolve)
	return b[:size]
}

func openat2Program(r *recorder) {
	open2 := func(path any, flags, mode, resolve uint64) {
		what := text("how", int(flags), int(mode), int(resolve))
		r.open("openat2", unix.AT_FDCWD, path, shown{what, how(flags, mode, resolve, 24)}, 24)
	}
	for _, path := range fewPaths {
		for _, flags := range openFlags {
			mode := uint64(0)
			if flags&unix.O_CREAT != 0 || flags&unix.O_TMPFILE == unix.O_TMPFILE {
				mode = 0o640
			}
			open2(path, uint64(flags|unix.O_NONBLOCK), mode, 0)
		}
	}
	// Sizes, members that are not known, values that are refused.
	open2("file", unix.O_RDWR, 0o644, 0)
	open2("new", unix.O_RDWR|unix.O_CREAT, 0o10644, 0)
	open2("new", unix.O_RDWR|unix.O_CREAT, 1<<32|0o644, 0)
	open2("new", unix.O_RDWR|unix.O_CREAT|1<<40, 0o644, 0)
	open2("new", unix.O_PATH|unix.O_RDWR, 0, 0)
	for _, size := range []int{0, 1, 8, 16, 23, 24, 25, 32, 64, 4095, 4096, 4097} {
		r.open("openat2", unix.AT_FDCWD, "file", shown{"how", how(unix.O_RDWR, 0, 0, size)}, size)
		if size > 24 {
			b := how(unix.O_RDWR, 0, 0, size)
			b[len(b)-1] = 1
			r.open("openat2", unix.AT_FDCWD, "file", shown{"how with more", b}, size)
		}
	}
	for _, p := range badPointers() {
		r.open("openat2", unix.AT_FDCWD, "file", p, 24)
	}
	for _, resolve := range []uint64{
		unix.RESOLVE_NO_XDEV, unix.RESOLVE_NO_MAGICLINKS, unix.RESOLVE_NO_SYMLINKS, unix.RESOLVE_BENEATH, unix.RESOLVE_IN_ROOT,
		0x20, // RESOLVE_CACHED
		unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT, unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS, 1 << 20,
	} {
		for _, path := range []string{"file", "link", "missing", "dir/../file", "..", r.top + "/none/x", "dirlink/inner", "/proc/self/cwd/file"} {
			if resolve == 0x20 && path != "file" {
				continue // whether it is cached is not for a test to say
			}
			open2(path, unix.O_RDWR, 0, resolve)
			open2(path, unix.O_RDWR|unix.O_CREAT, 0o644, resolve)
		}
	}
	r.restricted()
}

// restricted opens by every restriction whatever there is, from a directory.
func (r *recorder) restricted() {
	for _, resolve := range []uint64{
		0, unix.RESOLVE_NO_XDEV, unix.RESOLVE_NO_MAGICLINKS, unix.RESOLVE_NO_SYMLINKS, unix.RESOLVE_BENEATH, unix.RESOLVE_IN_ROOT,
		unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS,
	} {
		for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR, unix.O_WRONLY | unix.O_CREAT, unix.O_RDWR | unix.O_CREAT | unix.O_EXCL, unix.O_RDONLY | unix.O_NOFOLLOW, unix.O_RDWR | unix.O_TMPFILE} {
			mode := uint64(0)
			if flags&unix.O_CREAT != 0 || flags&unix.O_TMPFILE == unix.O_TMPFILE {
				mode = 0o4640 // which a fake root makes itself
			}
			for _, path := range restrictedPaths(resolve) {
				r.enterCell()
				if r.links() {
					r.clean = state(".")
				}
				dir, err := unix.Open(".", unix.O_PATH|unix.O_DIRECTORY, 0)
				must(err)
				what := text("how", flags, int(mode), int(resolve))
				r.open("openat2", number{"dir", dir}, path, shown{what, how(uint64(flags|unix.O_NONBLOCK), mode, resolve, 24)}, 24)
				unix.Close(dir)
			}
		}
	}
}

// restrictedPaths are those by which only the restrictions keep one where one is
// to stay, where there are such.
func restrictedPaths(resolve uint64) []string {
	paths := append(slices.Clone(fewPaths), "dir/../file", "dirlink/../file", "dirlink/new", "/proc/self/cwd/new", "dir/../../x",
		"way", "way/new", "newlink", "newlink/", "outlink", "up/new")
	if resolve&(unix.RESOLVE_BENEATH|unix.RESOLVE_IN_ROOT) == 0 {
		return paths
	}
	return append(paths, "/", "/new", "/file", "/dir/new", "out", "out/new", "up", "abs", "abs/file", "abs/new", "/newlink",
		"/proc/self/status", "/proc/self/root/etc/passwd", "/dev/null")
}

// links adds symbolic links to the cell that lead about, unless they are there.
func (r *recorder) links() bool {
	for name, to := range map[string]string{
		"way": "dirlink", "out": "../../w", "up": "dir/../..", "abs": "/", "newlink": "dir/new", "outlink": "../../new",
	} {
		if err := os.Symlink(to, name); errors.Is(err, unix.EEXIST) {
			return false
		}
	}
	return true
}

// procFD names a descriptor of this process.
func procFD(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

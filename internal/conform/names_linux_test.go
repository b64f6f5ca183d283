package conform

import (
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	programs["make"] = makeProgram
	programs["remove"] = removeProgram
	programs["link"] = linkProgram
	programs["rename"] = renameProgram
	programs["names"] = namesProgram
}

const here = unix.AT_FDCWD

func makeProgram(r *recorder) {
	for _, path := range somePaths {
		r.do("mkdir", path, 0o777)
		r.do("mkdirat", here, path, 0o1753)
		r.do("mknod", path, unix.S_IFREG|0o666, 0)
		r.do("mknodat", here, path, unix.S_IFIFO|0o666, 0)
		r.do("symlink", "to/where", path)
		r.do("symlinkat", "file", here, path)
	}
	for _, mode := range []int{
		0, 0o644, unix.S_IFREG | 0o7777, unix.S_IFIFO | 0o600, unix.S_IFSOCK | 0o755, unix.S_IFDIR | 0o755, unix.S_IFLNK | 0o777,
		unix.S_IFCHR | 0o600, unix.S_IFBLK | 0o600, 0o170000,
	} {
		for _, dev := range []int{0, 0x103, 0x7fff_ffff} {
			r.do("mknod", "new", mode, dev)
			r.do("mknodat", here, "new", mode, dev)
		}
	}
	for _, mask := range []int{0, 0o027, 0o777} {
		r.umask(mask)
		for _, mode := range []int{0o777, 0o7777, 0, 0o177777} {
			r.do("mkdir", "new", mode)
			r.do("mknod", "new", mode&0o7777, 0)
		}
		r.do("symlink", "x", "new")
		r.umask(0o022)
	}
	for _, target := range []string{"", "x", strings.Repeat("t", 4095), strings.Repeat("t", 4096), "a\nb\x1b\xff", "/", "///"} {
		r.do("symlink", target, "new")
		r.do("symlinkat", target, here, "new")
	}
}

func removeProgram(r *recorder) {
	for _, path := range somePaths {
		r.do("unlink", path)
		r.do("rmdir", path)
		r.do("unlinkat", here, path, 0)
		r.do("unlinkat", here, path, unix.AT_REMOVEDIR)
	}
	for _, flags := range []int{1, unix.AT_SYMLINK_FOLLOW, unix.AT_EMPTY_PATH, unix.AT_REMOVEDIR | 1, -1} {
		for _, path := range []string{"file", "empty", ""} {
			r.do("unlinkat", here, path, flags)
		}
	}
}

func linkProgram(r *recorder) {
	for _, from := range fewPaths {
		for _, to := range []string{"new", "new/", "file", "dir", "dir/new", "dirlink/new", "dangling", "missing/x", "file/x", "", ".", "..", "loop", "loop/x"} {
			r.do("link", from, to)
			r.do("linkat", here, from, here, to, 0)
			r.do("linkat", here, from, here, to, unix.AT_SYMLINK_FOLLOW)
		}
	}
	for _, flags := range []int{1, unix.AT_EMPTY_PATH, unix.AT_EMPTY_PATH | unix.AT_SYMLINK_FOLLOW, unix.AT_SYMLINK_NOFOLLOW, 0x10000, -1} {
		for _, from := range []string{"file", "", "link"} {
			r.do("linkat", here, from, here, "new", flags)
		}
	}
	for _, flags := range []int{unix.O_RDONLY, unix.O_PATH, unix.O_TMPFILE | unix.O_RDWR, unix.O_TMPFILE | unix.O_RDWR | unix.O_EXCL} {
		path := "file"
		if flags&unix.O_TMPFILE == unix.O_TMPFILE {
			path = "."
		}
		for _, at := range []int{0, unix.AT_EMPTY_PATH, unix.AT_EMPTY_PATH | unix.AT_SYMLINK_FOLLOW} {
			r.with(path, flags, func(fd int) { r.do("linkat", fd, "", here, "new", at) })
		}
		r.with(path, flags, func(fd int) { r.do("linkat", here, procFD(fd), here, "new", unix.AT_SYMLINK_FOLLOW) })
		r.with(path, flags, func(fd int) { r.do("linkat", here, procFD(fd), here, "new", 0) })
	}
}

var renameTargets = []string{
	"new", "new/", "file", "other", "dir", "empty", "empty/", "link", "dirlink", "dangling", "dir/new", "dir/inner", "dirlink/new",
	"missing/x", "file/x", "", ".", "..", "loop/x", "fifo", "/proc/self/cwd/new",
}

func renameProgram(r *recorder) {
	for _, from := range append(fewPaths, "/proc/self/cwd/file", "dir/.", "link/") {
		for _, to := range renameTargets {
			r.do("rename", from, to)
			r.do("renameat2", here, from, here, to, unix.RENAME_NOREPLACE)
			r.do("renameat2", here, from, here, to, unix.RENAME_EXCHANGE)
		}
	}
	for _, from := range []string{"file", "dir", "link", "missing", ""} {
		for _, to := range []string{"new", "other", "empty", "dir/inner"} {
			r.do("renameat", here, from, here, to)
			for _, flags := range []int{0, unix.RENAME_WHITEOUT, unix.RENAME_EXCHANGE | unix.RENAME_NOREPLACE, unix.RENAME_WHITEOUT | unix.RENAME_EXCHANGE, 8, -1} {
				r.do("renameat2", here, from, here, to, flags)
			}
		}
	}
}

// oddNames are every byte that a name can hold, and texts that confuse.
func oddNames() []string {
	names := []string{
		"new\nline", "esc\x1b[31m", "\xff", "\xc0\xaf", "\xed\xa0\x80", "tab\t\"quote'\\", "-rf", " ", "...", "\u202egnp", "\r", "~^.*$", "(deleted)", "x (deleted)",
		strings.Repeat("\U0001f600", 63), strings.Repeat("n", 254), strings.Repeat("n", 255), strings.Repeat("n", 256),
	}
	for b := 1; b < 256; b++ {
		if b != '/' && b != '.' {
			names = append(names, string([]byte{byte(b)}))
		}
	}
	return names
}

func namesProgram(r *recorder) {
	for _, name := range oddNames() {
		r.enterCell()
		for _, c := range []call{
			{"mkdir", []any{name, 0o755}}, {"rename", []any{"file", name + "/" + name}}, {"symlink", []any{name, name + "2"}},
			{"chmod", []any{name + "/" + name, 0o604}}, {"link", []any{name + "/" + name, "link/" + name}}, {"unlink", []any{name + "2"}},
		} {
			value, errno := invoke(c.name, c.args...)
			r.plain(text(c.name, c.args...), result(value, errno))
		}
		r.open("openat", here, name+"/new", unix.O_CREAT|unix.O_WRONLY, 0o644)
		r.clean = nil
	}
	r.lengths()
	r.linkChains()
}

// call is a system call that a table of calls holds.
type call struct {
	name string
	args []any
}

// lengths tries paths about as long as a path, and a component, may be.
func (r *recorder) lengths() {
	for _, n := range []int{4090, 4094, 4095, 4096, 4097, 5000} {
		slashes := strings.Repeat("/", n-len("./file")) + "file"
		for _, path := range []string{"." + slashes + "x", strings.Repeat("./", n/2)[:n-4] + "file", strings.Repeat("n", n)} {
			r.open("openat", here, path, unix.O_RDWR|unix.O_CREAT, 0o644)
			r.open("open", path, unix.O_RDONLY, 0)
			r.do("mkdir", path, 0o755)
			r.do("truncate", path, 3)
			r.do("rename", path, "new")
			r.do("rename", "file", path)
		}
	}
	for _, n := range []int{254, 255, 256} {
		long := strings.Repeat("c", n)
		r.open("openat", here, long, unix.O_RDWR|unix.O_CREAT, 0o644)
		r.open("openat", here, long+"/x", unix.O_RDWR|unix.O_CREAT, 0o644)
		r.do("mkdir", long, 0o755)
		r.do("symlink", "x", long)
		r.do("rename", "file", long)
		r.do("link", "file", long)
		r.do("unlink", long)
		r.do("mknod", long, unix.S_IFREG|0o644, 0)
	}
}

// linkChains follows chains of symbolic links, and one that is too long. Up to
// 40 are followed (path_resolution(7)), but the kernel goes on counting when it
// has to begin a lookup again, so that near the limit its answers vary.
func (r *recorder) linkChains() {
	for _, n := range []int{12, 41} {
		for _, end := range []string{"file", "missing", "dir"} {
			chain := func() string {
				r.enterCell()
				last := end
				for i := range n {
					name := "l" + strings.Repeat("i", i+1)
					must(unix.Symlink(last, name))
					last = name
				}
				r.clean = state(".")
				return last
			}
			r.open("openat", here, chain(), unix.O_RDWR|unix.O_CREAT|unix.O_NONBLOCK, 0o644)
			r.clean = nil
			r.do("truncate", chain(), 1)
			r.clean = nil
			r.do("mkdir", chain()+"/new", 0o755)
			r.clean = nil
			r.do("chmod", chain(), 0o700)
			r.clean = nil
		}
	}
	r.enterCell()
	must(unix.Symlink("two", "one"))
	must(unix.Symlink("one", "two"))
	for _, path := range []string{"one", "two/x", "loop", "loop/x"} {
		r.open("openat", here, path, unix.O_RDWR|unix.O_CREAT, 0o644)
		r.do("truncate", path, 1)
		r.do("unlink", path)
	}
}

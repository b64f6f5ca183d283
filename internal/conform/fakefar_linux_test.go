package conform

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// farProgram works on noted files behind long paths, many links and deep trees.
func farProgram(r *recorder) {
	must(os.Mkdir("far", 0o755))
	must(os.Chdir("far"))
	must(os.WriteFile("file", nil, 0o644))
	must(unix.Chown("file", 31, 32))
	previous := "file"
	for i := range 42 {
		name := "l" + strconv.Itoa(i+1)
		must(os.Symlink(previous, name))
		previous = name
	}
	for _, i := range []int{1, 15, 42, 40} {
		name := "l" + strconv.Itoa(i)
		r.status("stat", name)
		r.status("lstat", name)
		if i == 40 {
			break // the kernel goes on counting when it begins a lookup again
		}
		r.say("chown", name, 33, -1)
		r.say("chmod", name, 0o4700)
		r.value("getxattr", name, "user.none")
		r.say("truncate", name, 5)
		r.status("stat", "file")
		r.say("chown", "file", 31, 32)
	}
	long := strings.Repeat("d", 250)
	for range 20 {
		must(unix.Mkdir(long, 0o755))
		must(unix.Chown(long, 41, 42))
		must(unix.Chdir(long))
	}
	must(os.WriteFile("file", nil, 0o644))
	r.say("chown", "file", 43, 44)
	r.say("fchmodat", here, "file", 0o6711)
	r.say("mknod", "block", unix.S_IFBLK|0o600, 0x801)
	r.say("mkdir", "sub", 0o2755)
	r.say("chmod", "sub", 0o2755)
	r.say("chown", "sub", -1, 45)
	r.say("mkdir", "sub/sub", 0o755)
	r.say("symlink", "file", "link")
	r.say("lchown", "link", 46, 47)
	r.say("setxattr", "file", "trusted.a", shown{"value", []byte("v")}, 1, 0)
	for _, path := range []string{"file", "block", "sub", "sub/sub", "link", ".", "..", "../.."} {
		r.status("stat", path)
		r.status("lstat", path)
		r.list("listxattr", path)
	}
	for _, name := range []string{"link", "block", "file"} {
		r.say("rename", name, "moved")
		r.status("lstat", "moved")
		r.say("link", "moved", "again")
		r.status("lstat", "again")
		r.say("unlink", "moved")
		r.say("unlink", "again")
	}
	for _, n := range []int{4094, 4095, 4096} {
		path := strings.Repeat("./", n/2) + strings.Repeat("/", n%2)
		r.status("stat", path)
		r.say("chown", path, 1, 1)
		r.say("chmod", path, 0o2700)
	}
	r.status("stat", ".")
	must(os.Chdir(r.top))
}

// unreadable: root needs no permission, and no moment without one.
func (r *recorder) unreadable(masks ...int) {
	for _, mask := range masks {
		r.umask(mask)
		for _, mode := range []int{0, 0o111, 0o444, 0o222} {
			r.enterCell()
			must(unix.Mkdir("shut", uint32(mode)))
			r.note("shut", text("mkdir", mode))
			for _, c := range []call{
				{"mkdir", []any{"shut/d", mode}}, {"mknod", []any{"shut/f", unix.S_IFREG | mode, 0}}, {"creat", []any{"shut/c", mode}}, {"symlink", []any{"x", "shut/l"}},
				{"chown", []any{"shut/f", 1, 2}}, {"chmod", []any{"shut/f", 0}}, {"open", []any{"shut/f", unix.O_RDWR, 0}}, {"open", []any{"shut/c", unix.O_RDONLY, 0}},
				{"open", []any{"shut/f", unix.O_WRONLY | unix.O_TRUNC, 0}}, {"truncate", []any{"shut/f", 3}}, {"mknod", []any{"shut/dev", unix.S_IFCHR, 0x103}},
				{"link", []any{"shut/f", "shut/g"}}, {"rename", []any{"shut/g", "shut/d/g"}}, {"setxattr", []any{"shut/f", "user.a", shown{"value", []byte("v")}, 1, 0}},
				{"chmod", []any{"shut", 0}}, {"access", []any{"shut/f", unix.R_OK | unix.W_OK}}, {"access", []any{"shut/f", unix.X_OK}}, {"access", []any{"shut/d", unix.X_OK}},
				{"utimensat", []any{here, "shut/f", nil, 0}}, {"open", []any{"shut/d/g", unix.O_RDWR, 0}}, {"open", []any{"shut/d", unix.O_RDONLY | unix.O_DIRECTORY, 0}},
				{"chdir", []any{"shut/d"}}, {"unlink", []any{"g"}}, {"chdir", []any{"../.."}}, {"rmdir", []any{"shut/d"}},
			} {
				value, errno := invoke(c.name, c.args...)
				if strings.HasPrefix(c.name, "open") || c.name == "creat" {
					unix.Close(value)
					value = 0
				}
				r.plain(text(c.name, c.args...), result(value, errno))
			}
			r.clean = []string{}
			r.note("afterwards", "")
			r.clean = nil
		}
		r.umask(0o022)
	}
}

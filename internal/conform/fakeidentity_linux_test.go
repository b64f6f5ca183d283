package conform

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// identityProgram: what is noted goes with the file, not with its name.
func identityProgram(r *recorder) {
	for _, c := range []call{
		{"rename", []any{"file", "other"}}, {"rename", []any{"other", "file"}}, {"rename", []any{"file", "file"}}, {"rename", []any{"file", "new"}}, {"rename", []any{"dir", "new"}},
		{"rename", []any{"dir", "empty"}}, {"rename", []any{"dirlink", "new"}}, {"rename", []any{"link", "other"}}, {"rename", []any{"block", "file"}},
		{"renameat2", []any{here, "file", here, "dir", unix.RENAME_EXCHANGE}}, {"renameat2", []any{here, "file", here, "other", unix.RENAME_EXCHANGE}},
		{"renameat2", []any{here, "link", here, "block", unix.RENAME_EXCHANGE}}, {"renameat2", []any{here, "file", here, "other", unix.RENAME_NOREPLACE}},
		{"renameat2", []any{here, "file", here, "new", unix.RENAME_NOREPLACE}}, {"renameat2", []any{here, "file", here, "new", unix.RENAME_WHITEOUT}},
		{"link", []any{"file", "new"}}, {"link", []any{"block", "new"}}, {"link", []any{"link", "new"}}, {"linkat", []any{here, "link", here, "new", unix.AT_SYMLINK_FOLLOW}},
		{"unlink", []any{"file"}}, {"unlink", []any{"link"}}, {"rmdir", []any{"dir"}}, {"unlinkat", []any{here, "dir/inner", 0}},
	} {
		r.world()
		fd, err := unix.Open("file", unix.O_RDONLY, 0)
		must(err)
		r.do(c.name, c.args...)
		r.status("fstat", number{"fd of file", fd})
		r.value("fgetxattr", number{"fd of file", fd}, "trusted.a")
		unix.Close(fd)
		r.clean = nil
	}
	r.world()
	must(unix.Link("file", "second"))
	must(unix.Link("file", "dir/third"))
	must(unix.Unlink("file"))
	must(unix.Chown("second", 100, 200))
	must(unix.Unlink("second"))
	r.note("links", "")
	r.clean = nil
}

// recycledProgram removes files and makes others, which get their inode numbers:
// nothing of the old ones may be seen.
func recycledProgram(r *recorder) {
	must(os.Mkdir("storm", 0o755))
	must(os.Chdir("storm"))
	make := map[string]func(){
		"file":      func() { must(os.WriteFile("x", nil, 0o644)) },
		"directory": func() { must(os.Mkdir("x", 0o755)) },
		"link":      func() { must(os.Symlink("y", "x")) },
		"device":    func() { must(unix.Mknod("x", unix.S_IFCHR|0o600, 0x103)) },
		"fifo":      func() { must(unix.Mkfifo("x", 0o600)) },
		"temporary": func() {
			fd, err := unix.Open(".", unix.O_TMPFILE|unix.O_RDWR, 0o6711)
			must(err)
			must(unix.Fchown(fd, 8, 9))
			unix.Close(fd)
			must(os.WriteFile("x", nil, 0o644))
		},
	}
	kinds := []string{"file", "directory", "link", "device", "fifo", "temporary"}
	remove := func() {
		if unix.Unlink("x") != nil {
			must(unix.Rmdir("x"))
		}
	}
	for _, first := range kinds {
		for _, second := range kinds {
			wrong := map[string]int{}
			for i := range 60 {
				make[first]()
				must(unix.Lchown("x", 1000+i, 2000+i))
				if first != "link" {
					must(unix.Chmod("x", 0o4700))
					must(unix.Setxattr("x", "trusted.a", []byte("1"), 0))
				}
				if i%3 == 2 && first != "directory" { // replaced and not removed
					must(os.WriteFile("over", nil, 0o600))
					must(os.Rename("over", "x"))
				}
				remove()
				make[second]()
				wrong[line("x")]++
				remove()
			}
			r.plain(first+" then "+second, fmt.Sprint(wrong))
		}
	}
	must(os.Chdir(r.top))
}

// temporaryProgram: files without a name that are noted, and get one.
func temporaryProgram(r *recorder) {
	for _, mode := range []int{0o644, 0o4755, 0o2600} {
		for _, name := range []string{"new", "dir/new"} {
			r.world()
			fd, err := unix.Open(".", unix.O_TMPFILE|unix.O_RDWR, uint32(mode))
			must(err)
			d := number{"fd", fd}
			r.status("fstat", d)
			r.say("fchown", d, 21, 22)
			r.say("fchmod", d, 0o4711)
			r.say("fsetxattr", d, "trusted.t", shown{"value", []byte("t")}, 1, 0)
			r.status("fstat", d)
			r.do("linkat", here, procFD(fd), here, name, unix.AT_SYMLINK_FOLLOW)
			r.clean = nil
			r.say("linkat", d, "", here, "second", unix.AT_EMPTY_PATH)
			r.say("unlink", name)
			r.status("stat", "second")
			unix.Close(fd)
		}
	}
}

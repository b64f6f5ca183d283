package conform

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mayProgram is about what is allowed to one who is not root any more.
func mayProgram(r *recorder) {
	must(os.Mkdir("may", 0o777))
	must(unix.Chmod("may", 0o777))
	must(os.Chdir("may"))
	for _, who := range []string{"5 6 0", "5 6 7", "0 6 0", "0 0 fs5", "5 0 0", "1000 1000 0"} {
		for _, sticky := range []int{0o777, 0o1777, 0o755, 0o2775} {
			dir := fmt.Sprintf("%s-%o", strings.ReplaceAll(who, " ", "-"), sticky)
			mayWorld(dir, sticky)
			r.apart("may", dir, who)
			r.clean = []string{}
			r.note("after "+dir, "")
			r.clean = nil
		}
	}
	must(os.Chdir(r.top))
}

func mayWorld(dir string, mode int) {
	must(os.Mkdir(dir, 0o755))
	for _, owner := range []int{0, 5, 8} {
		for _, group := range []int{0, 6, 7} {
			for _, bits := range []uint32{0o600, 0o060, 0o006, 0o000, 0o777} {
				name := fmt.Sprintf("%s/%d-%d-%03o", dir, owner, group, bits)
				must(os.WriteFile(name, []byte("x"), 0o600))
				must(unix.Chown(name, owner, group))
				must(unix.Chmod(name, bits))
			}
		}
	}
	for _, bits := range []uint32{0o700, 0o070, 0o007, 0o711} {
		name := fmt.Sprintf("%s/d%03o", dir, bits)
		must(os.Mkdir(name, 0o755))
		must(os.WriteFile(name+"/f", nil, 0o666))
		must(unix.Chown(name, 5, 6))
		must(unix.Chmod(name, bits))
	}
	must(unix.Chmod(dir, uint32(mode)))
	must(unix.Chown(dir, 0, 6))
	must(unix.Chmod(dir, uint32(mode)))
}

// runMay is the helper "may": it becomes somebody and tries what it may.
func runMay(args []string) int {
	runtime.LockOSThread()
	must(os.Chdir(args[0]))
	var uid, gid int
	var other string
	fmt.Sscan(args[1], &uid, &gid, &other)
	group, err := strconv.Atoi(other)
	must(unix.Setgroups([]int{group}))
	_, e := invoke("setresgid", gid, gid, gid)
	fmt.Println("setresgid:", e)
	if err != nil { // fs5
		invoke("setfsuid", 5)
	} else if uid != 0 {
		_, e := invoke("setresuid", uid, uid, uid)
		fmt.Println("setresuid:", e)
	}
	entries, err := os.ReadDir(".")
	fmt.Println("ReadDir:", errText2(err))
	for _, d := range entries {
		tryAll(d.Name())
	}
	for _, path := range []string{"new", "d700/new", "d070/new", "d007/new", "d711/new"} {
		for _, c := range []call{
			{"mkdir", []any{path, 0o2777}}, {"rmdir", []any{path}}, {"mknod", []any{path, unix.S_IFREG | 0o6755, 0}}, {"unlink", []any{path}}, {"symlink", []any{"x", path}},
			{"unlink", []any{path}}, {"creat", []any{path, 0o4777}}, {"mknod", []any{path + "b", unix.S_IFBLK, 0x801}}, {"chown", []any{path, uid, 7}}, {"chmod", []any{path, 0o6755}},
			{"rename", []any{path, path + "2"}},
		} {
			value, errno := invoke(c.name, c.args...)
			if c.name == "creat" && errno == 0 {
				unix.Close(value)
				value = 0
			}
			fmt.Printf("%s: %s\n", text(c.name, c.args...), result(value, errno))
		}
	}
	return 0
}

func errText2(err error) string {
	if err == nil {
		return "ok"
	}
	return errText(err)
}

func tryAll(path string) {
	for _, c := range []call{
		{"access", []any{path, unix.R_OK}}, {"access", []any{path, unix.W_OK}}, {"access", []any{path, unix.X_OK}}, {"faccessat2", []any{here, path, unix.W_OK, unix.AT_EACCESS}},
		{"open", []any{path, unix.O_WRONLY, 0}}, {"open", []any{path, unix.O_RDWR, 0}}, {"open", []any{path, unix.O_WRONLY | unix.O_CREAT, 0o644}}, {"truncate", []any{path, 1}},
		{"chmod", []any{path, 0o6777}}, {"chown", []any{path, -1, -1}}, {"chown", []any{path, 8, -1}}, {"chown", []any{path, -1, 6}}, {"chown", []any{path, -1, 7}}, {"utimensat", []any{here, path, nil, 0}},
		{"utimensat", []any{here, path, longs("times", 1, 2, 3, 4), 0}}, {"setxattr", []any{path, "user.a", shown{"value", []byte("v")}, 1, 0}}, {"setxattr", []any{path, "trusted.a", shown{"value", []byte("v")}, 1, 0}},
		{"setxattr", []any{path, "security.capability", capability(0x02000000, 20), 20, 0}}, {"removexattr", []any{path, "user.a"}}, {"link", []any{path, path + "-l"}}, {"unlink", []any{path + "-l"}},
		{"rename", []any{path, path + "-r"}}, {"rename", []any{path + "-r", path}}, {"stat", []any{path + "/f", buffer(144)}}, {"unlink", []any{path + "/f"}}, {"unlink", []any{path}}, {"chroot", []any{path}},
	} {
		value, errno := invoke(c.name, c.args...)
		if c.name == "open" && errno == 0 {
			unix.Close(value)
			value = 0
		}
		fmt.Printf("%s: %s\n", text(c.name, c.args...), result(value, errno))
	}
}

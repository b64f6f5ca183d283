package conform

import (
	"encoding/binary"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

func init() {
	programs["pointers"] = pointersProgram
	programs["descriptors"] = descriptorsProgram
	programs["table full"] = tableFullProgram
	programs["size limit"] = sizeLimitProgram
	programs["deep"] = deepProgram
	programs["proc"] = procProgram
}

// writing lists the calls that change files, of this architecture.
func writing() []*abi.Row {
	var rows []*abi.Row
	for _, row := range abi.Table() {
		if _, ok := abi.Number(abi.Native()[0], row.Name); ok && (row.Class == abi.Open || row.Class == abi.Write) {
			rows = append(rows, row)
		}
	}
	return rows
}

// usual are arguments with which the call does something, by their roles.
func usual(row *abi.Row) []any {
	var args []any
	for i, role := range row.Args {
		switch role {
		case abi.None:
			return args
		case abi.DirFD:
			args = append(args, here)
		case abi.Path, abi.Link:
			args = append(args, "file")
		case abi.Entry:
			args = append(args, entryName(row, i))
		case abi.Target:
			args = append(args, "target")
		case abi.Name:
			args = append(args, "user.a")
		case abi.Mode:
			args = append(args, 0o644)
		case abi.OpenFlags:
			args = append(args, unix.O_RDWR|unix.O_CREAT)
		case abi.OpenHow:
			args = append(args, shown{"how", how(unix.O_RDWR, 0, 0, 24)}, 24)
			return args
		case abi.Buffer:
			args = append(args, shown{"zeros", make([]byte, 64)})
		case abi.Size:
			args = append(args, map[string]int{"setxattrat": 16, "file_setattr": 24}[row.Name])
		case abi.Times:
			args = append(args, longs("times", 1e9, 1, 1e9, 1))
		case abi.FD, abi.Owner, abi.Group:
			args = append(args, -1)
		default:
			args = append(args, 0)
		}
	}
	return args
}

func entryName(row *abi.Row, i int) string {
	switch {
	case row.Name == "rmdir":
		return "empty"
	case strings.HasPrefix(row.Name, "unlink"), strings.HasPrefix(row.Name, "rename") && i < 2:
		return "file"
	}
	return "new"
}

// call makes the call with its arguments, which open a file or not.
func (r *recorder) call(row *abi.Row, args []any) {
	if row.Class == abi.Open {
		r.open(row.Name, args...)
		return
	}
	r.do(row.Name, args...)
}

// pointersProgram gives every call every bad pointer for each of its strings.
func pointersProgram(r *recorder) {
	for _, row := range writing() {
		r.call(row, usual(row))
		for i, role := range row.Args {
			if !role.IsPath() && role != abi.Target && role != abi.Name {
				continue
			}
			for _, p := range badPointers() {
				args := usual(row)
				args[i] = p
				r.call(row, args)
			}
		}
	}
}

// descriptorsProgram gives every call descriptors that are none, or of the wrong kind.
func descriptorsProgram(r *recorder) {
	r.anyNumber = true // what is open beside is not the same in every mode
	pipe := make([]int, 2)
	must(unix.Pipe2(pipe, unix.O_CLOEXEC))
	sock, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	must(err)
	odd := []number{
		{"-1", -1}, {"AT_FDCWD-1", here - 1}, {"AT_FDCWD+1", here + 1}, {"closed", 900}, {"INT_MAX", 1<<31 - 1}, {"INT_MIN", -1 << 31},
		{"socket with high bits", 1<<32 | sock}, {"pipe", pipe[1]}, {"socket", sock}, {"eventfd", event},
	}
	for _, row := range writing() {
		for i, role := range row.Args {
			if role != abi.DirFD && role != abi.FD {
				continue
			}
			for _, d := range odd {
				r.callWith(row, i, d)
			}
			for _, open := range []struct {
				path  string
				flags int
			}{{".", unix.O_RDONLY}, {".", unix.O_PATH}, {"file", unix.O_RDONLY}, {"file", unix.O_RDWR}, {"file", unix.O_PATH}, {"dir", unix.O_RDONLY}} {
				r.with(open.path, open.flags, func(fd int) { r.callWith(row, i, number{text("open", open.path, open.flags), fd}) })
			}
		}
	}
}

// callWith makes the call with one argument replaced; an absolute path goes
// past the descriptor before it.
func (r *recorder) callWith(row *abi.Row, i int, arg number) {
	args := usual(row)
	args[i] = arg
	r.call(row, args)
	if row.Args[i] == abi.DirFD {
		args[i+1] = ""
		r.call(row, args)
		args[i+1] = "/proc/self/cwd/file"
		r.call(row, args)
	}
}

// tableFullProgram opens when no descriptor is left.
func tableFullProgram(r *recorder) {
	r.enterCell()
	var old unix.Rlimit
	must(unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	limited := unix.Rlimit{Cur: 40, Max: old.Max}
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &limited))
	var open []int
	for {
		fd, errno := invoke("openat", here, "file", unix.O_RDWR|unix.O_CLOEXEC, 0)
		r.plain("fill", result(fd, errno))
		if errno != 0 {
			break
		}
		open = append(open, fd)
	}
	for _, c := range []call{
		{"openat", []any{here, "file", unix.O_WRONLY, 0}}, {"openat", []any{here, "missing", unix.O_WRONLY, 0}},
		{"open", []any{"other", unix.O_RDONLY, 0}}, {"mkdir", []any{"made", 0o755}}, {"chmod", []any{"file", 0o600}}, {"rename", []any{"other", "renamed"}},
	} {
		value, errno := invoke(c.name, c.args...)
		r.plain(text(c.name, c.args...), result(value, errno))
	}
	// The lowest number that is free is the one that is given.
	unix.Close(open[7])
	unix.Close(open[3])
	for range 3 {
		fd, errno := invoke("openat", here, "file", unix.O_RDWR|unix.O_CLOEXEC, 0)
		r.plain("lowest free", result(fd, errno))
	}
	for _, fd := range open {
		unix.Close(fd)
	}
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	r.note("after", "")
}

// sizeLimitProgram writes up to RLIMIT_FSIZE. The Go runtime takes SIGXFSZ, so that EFBIG is seen.
func sizeLimitProgram(r *recorder) {
	r.enterCell()
	limit := unix.Rlimit{Cur: 1000, Max: unix.RLIM_INFINITY}
	must(unix.Getrlimit(unix.RLIMIT_FSIZE, &limit))
	limit.Cur = 1000
	must(unix.Setrlimit(unix.RLIMIT_FSIZE, &limit))
	f, err := os.OpenFile("new", os.O_CREATE|os.O_WRONLY, 0o644)
	must(err)
	for range 4 {
		n, err := unix.Write(int(f.Fd()), make([]byte, 300))
		r.plain("write", text(errText(err), n))
	}
	f.Close()
	for _, size := range []int{999, 1000, 1001, 1 << 40} {
		value, errno := invoke("truncate", "file", size)
		r.plain(text("truncate", "file", size), result(value, errno))
	}
	r.note("after", "")
}

// deepProgram works where the path of the current directory is longer than a path may be.
func deepProgram(r *recorder) {
	long := strings.Repeat("d", 200)
	must(os.Mkdir("deep", 0o755))
	must(os.Chdir("deep"))
	for range 25 {
		must(unix.Mkdir(long, 0o755))
		must(unix.Chdir(long))
	}
	for _, row := range writing() {
		if row.Name == "setxattrat" || row.Name == "fsetxattr" {
			continue // a pointer in a structure
		}
		must(os.WriteFile("file", []byte("content"), 0o640))
		must(os.Mkdir("empty", 0o755))
		args := usual(row)
		value, errno := invoke(row.Name, args...)
		if row.Class == abi.Open && errno == 0 {
			unix.Close(value)
		}
		r.plain(text(row.Name, args...), result(value, errno))
		for _, name := range []string{"file", "new"} {
			var st unix.Stat_t
			err := unix.Lstat(name, &st)
			r.plain("lstat "+name, text(errText(err), int(st.Mode), int(st.Size), int(st.Nlink)))
		}
		for _, name := range []string{"file", "new"} {
			if unix.Unlink(name) != nil {
				_ = unix.Rmdir(name)
			}
		}
		_ = unix.Rmdir("empty")
	}
	for range 25 {
		must(unix.Chdir(".."))
		must(unix.Rmdir(long))
	}
}

// procProgram goes by the names that /proc and /dev have for what is open.
func procProgram(r *recorder) {
	for _, path := range []string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1"} {
		fd, errno := invoke("openat", here, path, unix.O_WRONLY, 0)
		r.plain(text("openat", here, path, unix.O_WRONLY), errnoText(errno))
		if errno == 0 {
			unix.Close(fd)
		}
	}
	for _, path := range []string{"/dev/null", "/dev/zero", "/dev/full", "/proc/self/comm", "/proc/self/oom_score_adj", "/dev/fd/999", "/proc/self/fd/999"} {
		fd, errno := invoke("openat", here, path, unix.O_RDWR, 0)
		r.plain(text("openat", here, path, unix.O_RDWR), errnoText(errno))
		if errno == 0 {
			unix.Close(fd)
		}
	}
	for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR, unix.O_PATH} {
		r.with("file", flags, func(fd int) {
			for _, how := range []int{unix.O_RDONLY, unix.O_RDWR, unix.O_WRONLY | unix.O_TRUNC, unix.O_WRONLY | unix.O_CREAT, unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL} {
				r.open("openat", here, procFD(fd), how, 0o644)
			}
		})
		r.with("dir", unix.O_PATH, func(fd int) {
			r.open("openat", here, procFD(fd)+"/new", unix.O_CREAT|unix.O_WRONLY, 0o644)
			r.do("mkdir", procFD(fd)+"/../made", 0o755)
			r.do("rename", procFD(fd)+"/inner", "/proc/self/cwd/moved")
		})
	}
	r.enterCell()
	fd, err := unix.Open("file", unix.O_RDWR, 0)
	must(err)
	must(unix.Unlink("file")) // what is deleted is still there by its descriptor
	r.clean = state(".")
	for _, how := range []int{unix.O_RDONLY, unix.O_RDWR, unix.O_WRONLY | unix.O_TRUNC} {
		r.open("openat", here, procFD(fd), how, 0)
	}
	r.do("truncate", procFD(fd), 3)
	r.do("chmod", procFD(fd), 0o600)
	r.do("linkat", here, procFD(fd), here, "again", unix.AT_SYMLINK_FOLLOW)
	unix.Close(fd)
	// A directory that is removed while it is the current one.
	r.enterCell()
	must(os.Mkdir("gone", 0o755))
	must(os.Chdir("gone"))
	must(os.Remove("../gone"))
	for _, c := range []call{
		{"openat", []any{here, "x", unix.O_CREAT | unix.O_WRONLY, 0o644}}, {"mkdir", []any{"x", 0o755}}, {"chmod", []any{".", 0o700}},
		{"openat", []any{here, "../file", unix.O_RDWR, 0}}, {"unlink", []any{"x"}},
	} {
		value, errno := invoke(c.name, c.args...)
		r.plain("removed directory: "+text(c.name, c.args...), result(value, errno))
	}
	must(os.Chdir(r.top))
	r.clean = nil
}

func uint32s(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

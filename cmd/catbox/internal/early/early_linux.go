package early

import (
	"syscall"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

func init() {
	if cloneflags, caps, ok := guess(arguments()); ok {
		spawn.Begin(spawn.First([]uintptr{0, 1, 2}, cloneflags, caps))
	}
}

// arguments are the program's own, as far as they are of use here: package os does not have them yet.
func arguments() []string {
	fd, err := syscall.Open("/proc/self/cmdline", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	buf := make([]byte, 1<<12)
	n, err := syscall.Read(fd, buf)
	if err != nil {
		return nil
	}
	return fields(buf[:n])
}

// fields are what ends with a NUL; the rest was cut off.
func fields(data []byte) []string {
	var list []string
	from := 0
	for i, c := range data {
		if c == 0 {
			list = append(list, string(data[from:i]))
			from = i + 1
		}
	}
	return list
}

// others are the beginnings of options with which the first process is another, or none is started.
var others = []string{"--net", "-n", "--on-violation", "--collect-only", "-p", "--executor", "--limit", "--overlay-type", "--fakeroot-mode", "--mode", "-h", "--help"}

// guess returns the namespaces and the capabilities of an ordinary run, or of an ordinary fake
// root; false: it is none, or perhaps none. To be wrong costs time and nothing else.
func guess(args []string) (cloneflags uintptr, caps uint64, ok bool) {
	if _, nested := syscall.Getenv(spawn.Variable); nested || len(args) < 2 {
		return 0, 0, false
	}
	fake := base(args[0]) == "fakeroot"
	cloneflags, args = spawn.Namespaces, args[1:]
	switch {
	case fake:
	case args[0] == "fakeroot":
		fake, args = true, args[1:]
	case args[0] == "run":
		cloneflags, args = cloneflags|syscall.CLONE_NEWNET, args[1:]
	default:
		return 0, 0, false
	}
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if startsWithAny(arg, others) {
			return 0, 0, false
		}
		fake = fake || arg == "--fakeroot"
	}
	if fake || syscall.Geteuid() == 0 {
		caps = spawn.RootCaps
	}
	if fake {
		caps |= spawn.FakeRootCaps
	}
	return cloneflags, caps, len(args) > 0
}

func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

func startsWithAny(s string, list []string) bool {
	for _, p := range list {
		if len(s) >= len(p) && s[:len(p)] == p {
			return true
		}
	}
	return false
}

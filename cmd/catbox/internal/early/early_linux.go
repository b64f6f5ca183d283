package early

import (
	"syscall"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

func init() {
	if caps, ok := guess(arguments()); ok {
		spawn.Begin(spawn.First([]uintptr{0, 1, 2}, spawn.Namespaces|syscall.CLONE_NEWNET, caps))
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
var others = []string{"--net", "-n", "--on-violation", "--collect-only", "-p", "--executor", "--fakeroot", "--limit", "--overlay-type", "-h", "--help"}

// guess returns the capabilities of the command of an ordinary run; false: it is none, or
// perhaps none. To be wrong costs time and nothing else.
func guess(args []string) (caps uint64, ok bool) {
	if _, nested := syscall.Getenv(spawn.Variable); nested || len(args) < 3 || args[1] != "run" {
		return 0, false
	}
	for _, arg := range args[2:] {
		if arg == "--" {
			break
		}
		if startsWithAny(arg, others) {
			return 0, false
		}
	}
	if syscall.Geteuid() == 0 {
		caps = spawn.RootCaps
	}
	return caps, true
}

func startsWithAny(s string, list []string) bool {
	for _, p := range list {
		if len(s) >= len(p) && s[:len(p)] == p {
			return true
		}
	}
	return false
}

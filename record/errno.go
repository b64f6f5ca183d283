package record

import (
	"strconv"
	"strings"
	"syscall"
)

// errnoNames holds the errors that a supervisor gives, by the names of errno(3).
var errnoNames = []struct {
	name  string
	errno syscall.Errno
}{
	{"EPERM", syscall.EPERM},
	{"ENOENT", syscall.ENOENT},
	{"EACCES", syscall.EACCES},
	{"EEXIST", syscall.EEXIST},
	{"EXDEV", syscall.EXDEV},
	{"EINVAL", syscall.EINVAL},
	{"EROFS", syscall.EROFS},
	{"ENOSYS", syscall.ENOSYS},
	{"ENETUNREACH", syscall.ENETUNREACH},
	{"EAFNOSUPPORT", syscall.EAFNOSUPPORT},
}

// ErrnoName returns the name of e, "" for 0, and "errno N" for one that a
// supervisor does not give by itself (a handler can return any).
func ErrnoName(e syscall.Errno) string {
	if e == 0 {
		return ""
	}
	for _, row := range errnoNames {
		if row.errno == e {
			return row.name
		}
	}
	return "errno " + strconv.Itoa(int(e))
}

func errnoByName(name string) syscall.Errno {
	for _, row := range errnoNames {
		if row.name == name {
			return row.errno
		}
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "errno "))
	return syscall.Errno(n)
}

package record

import (
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxErrno is the highest errno that the kernel returns (MAX_ERRNO in include/linux/err.h).
const maxErrno = 4095

// ErrnoName returns the name of e in errno(3), "" for 0, and "errno N" for one
// without a name (a handler can return any).
func ErrnoName(e syscall.Errno) string {
	if e == 0 {
		return ""
	}
	if name := unix.ErrnoName(e); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(e))
}

var errnos = sync.OnceValue(func() map[string]syscall.Errno {
	byName := map[string]syscall.Errno{}
	for e := range syscall.Errno(maxErrno) {
		if name := unix.ErrnoName(e); name != "" {
			byName[name] = e
		}
	}
	return byName
})

// ErrnoByName undoes ErrnoName. It is 0 for what is no name.
func ErrnoByName(name string) syscall.Errno {
	if e, ok := errnos()[name]; ok {
		return e
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "errno "))
	return syscall.Errno(n)
}

// SignalName returns the name of s in signal(7), "" for 0, and "signal N" for
// one without a name (a real-time signal).
func SignalName(s syscall.Signal) string {
	if s == 0 {
		return ""
	}
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return "signal " + strconv.Itoa(int(s))
}

// SignalByName undoes SignalName. It is 0 for what is no name.
func SignalByName(name string) syscall.Signal {
	if s := unix.SignalNum(name); s != 0 {
		return s
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "signal "))
	return syscall.Signal(n)
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// jsonLines writes an object a line. Once a write has failed it only counts,
// so that no half line is followed by a whole one.
type jsonLines struct {
	w    *os.File
	name string
	lost int
	err  error
}

func (l *jsonLines) write(value any) {
	if l == nil {
		return
	}
	if l.err == nil {
		var line []byte
		if line, l.err = json.Marshal(value); l.err == nil {
			_, l.err = l.w.Write(append(line, '\n'))
		}
	}
	if l.err != nil {
		l.lost++
	}
}

// sayLost says once how much was not written.
func (l *jsonLines) sayLost() {
	if l == nil || l.lost == 0 {
		return
	}
	say("%s: %s not written: %v", l.name, count(l.lost, "line"), l.err)
	l.lost = 0
}

// inherited returns the descriptor with which catbox was started. Those that
// this program has opened since are close-on-exec, which an inherited one never is.
func inherited(fd int) (*os.File, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return nil, usage("--json-status-fd %d: descriptor %d is not open", fd, fd)
	}
	mode, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || mode&unix.O_ACCMODE == unix.O_RDONLY {
		return nil, usage("--json-status-fd %d: descriptor %d is not open for writing", fd, fd)
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "descriptor "+strconv.Itoa(fd)), nil
}

// count is "1 line" or "3 lines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

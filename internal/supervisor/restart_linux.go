package supervisor

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/internal/tracer"
)

// restarts tells whether an interrupted call is one that never fails with EINTR without
// a supervisor. An open does, of a FIFO; so does what waits for a peer.
func (s *Supervisor) restarts(c tracer.Call) bool {
	row, ok := abi.Lookup(c.Arch, c.Number)
	if !ok {
		return false
	}
	switch row.Class {
	case abi.Stat, abi.Write, abi.Exec:
		return true
	case abi.Open:
		return !mayBlock(row, c)
	}
	return row.Fake != abi.NoFake
}

// mayBlock tells whether an open can wait: for the other end of a FIFO, or a device. It is
// asked in the rare case only that a signal meets an open.
func mayBlock(row *abi.Row, c tracer.Call) bool {
	arg := row.Paths()[0]
	path, errno := target.Thread(c.Thread).ReadPath(c.Args[arg.Path])
	if errno != 0 {
		return true
	}
	base := "/proc/" + strconv.Itoa(c.Thread) + "/"
	switch {
	case strings.HasPrefix(path, "/"):
		base += "root"
	case arg.Dir >= 0 && int32(c.Args[arg.Dir]) != unix.AT_FDCWD:
		base += "fd/" + strconv.Itoa(int(int32(c.Args[arg.Dir]))) + "/"
	default:
		base += "cwd/"
	}
	var st unix.Stat_t
	if unix.Stat(base+path, &st) != nil {
		return false // not there, or to be made
	}
	kind := st.Mode & unix.S_IFMT
	return kind == unix.S_IFIFO || kind == unix.S_IFCHR || kind == unix.S_IFBLK
}

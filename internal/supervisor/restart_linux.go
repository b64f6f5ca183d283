package supervisor

import (
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
		return !s.mayBlock(row, c)
	}
	return row.Fake != abi.NoFake || row.Mark != ""
}

// mayBlock tells whether an open can wait: for the other end of a FIFO, or a device. It is
// asked in the rare case only that a signal meets an open.
func (s *Supervisor) mayBlock(row *abi.Row, c tracer.Call) bool {
	arg := row.Paths()[0]
	l := target.Lookup{Thread: target.Thread(c.Thread), Dir: unix.AT_FDCWD, Follow: true}
	if arg.Dir >= 0 {
		l.Dir = int32(c.Args[arg.Dir])
	}
	var errno unix.Errno
	if l.Path, errno = l.Thread.ReadPath(c.Args[arg.Path]); errno != 0 {
		return true
	}
	st, errno := s.view.Statx(l, unix.STATX_TYPE)
	if errno != 0 {
		return false // not there, or to be made
	}
	kind := st.Mode & unix.S_IFMT
	return kind == unix.S_IFIFO || kind == unix.S_IFCHR || kind == unix.S_IFBLK
}

package spawn

import (
	"slices"
	"sync/atomic"
	"syscall"
)

// begun is what Begin has asked for; nil if it was had, or if there was none.
var begun atomic.Pointer[beginning]

type beginning struct {
	asked Request
	child chan *Child
}

// Begin starts a child for the next Take, and does not wait for it. It is for the
// time before main, and for a program whose descriptors 0 to 2 are what they are going
// to be. A child that is never taken ends by itself, at the latest with this program.
func Begin(r Request) {
	b := &beginning{r, make(chan *Child, 1)}
	begun.Store(b)
	go func() {
		c, _ := Start(r) // Start will be tried again, and say why it fails
		b.child <- c
	}()
}

// Take returns the child that Begin started if it is what is requested now, and
// nil if there is none; it is had once. One that is not the same is let go.
func Take(r Request) *Child {
	b := begun.Swap(nil)
	if b == nil {
		return nil
	}
	c := <-b.child
	if c == nil || b.asked.same(r) {
		return c
	}
	go c.LetGo()
	return nil
}

func (r Request) same(other Request) bool {
	return slices.Equal(r.Args, other.Args) && slices.Equal(r.Env, other.Env) && slices.Equal(r.Files, other.Files) &&
		r.Path == other.Path && r.Dir == other.Dir && r.Prepare == nil && other.Prepare == nil &&
		r.Cloneflags == other.Cloneflags && r.Caps == other.Caps && r.Cgroup == other.Cgroup && r.Block == other.Block
}

// LetGo closes the child's socket, by which it ends, and waits until it has.
func (c *Child) LetGo() {
	syscall.Close(c.Control)
	<-c.Waited
	if c.PIDFD >= 0 {
		syscall.Close(c.PIDFD)
	}
}

package straced

import (
	"fmt"
	"syscall"

	"github.com/catbox-go/catbox/record"
)

// Access is what a process did with a path, as record.Access has it.
type Access struct {
	Process  int // from 1
	Program  string
	Class    record.Class
	Path, To string
	Errno    syscall.Errno
}

// Run is what a trace is of.
type Run struct {
	// Dir is where the command was started, canonical.
	Dir string
	// Tree is the files as they were.
	Tree *Tree
	// Interpreters are what the kernel loads in a program's stead, which no call shows.
	Interpreters func(program string) []string
}

// tracing goes through calls in their order.
type tracing struct {
	Run
	*family
	accesses []Access
	doubts   []error
}

// Accesses are what the calls come to. The error tells that the model and the kernel
// disagree on where a path leads.
func (r Run) Accesses(calls []Call) ([]Access, error) {
	t := &tracing{Run: r, family: newFamily(calls, r.Dir)}
	for _, c := range calls {
		switch {
		case c.Name == "":
			t.of(c.Thread) // it may have done nothing else
			delete(t.threads, c.Thread)
		case c.forks():
			t.of(c.Thread)
			t.returned(int(c.Result))
		case c.Name == "unshare" && c.Errno == 0 && has(c.Args[0], "CLONE_FS"):
			t.of(c.Thread).leave()
		default:
			t.call(c, t.of(c.Thread))
		}
	}
	if len(t.doubts) > 0 {
		return nil, fmt.Errorf("%d times: %w", len(t.doubts), t.doubts[0])
	}
	return t.accesses, nil
}

func (t *tracing) call(c Call, by *thread) {
	s, ok := shapes[c.Name]
	if !ok {
		return
	}
	o := operation{tracing: t, call: c, by: by, shape: s}
	if o.read() {
		s.do(&o)
	}
}

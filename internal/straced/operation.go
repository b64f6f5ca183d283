package straced

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/catbox-go/catbox/record"
)

// operation is a call with its arguments read.
type operation struct {
	*tracing
	call  Call
	by    *thread
	shape shape
	found []found // by its paths
	text  string  // of a symbolic link
	flags string
}

// read reads the arguments. false: the call names no file.
func (o *operation) read() bool {
	for i, arg := range o.call.Args[:min(len(o.call.Args), len(o.shape.roles))] {
		switch o.shape.roles[i] {
		case 'f':
			o.flags = arg
		case 't':
			o.text, _ = quoted(arg)
		}
	}
	start := *o.by.dir
	for i, arg := range o.call.Args[:min(len(o.call.Args), len(o.shape.roles))] {
		switch role := o.shape.roles[i]; role {
		case 'd':
			start, _ = descriptor(arg)
		case 'D':
			return o.descriptor(arg)
		case 'p', 'l', 'e':
			name, ok := quoted(arg)
			if !ok && i > 0 && arg == "NULL" || ok && name == "" && has(o.flags, "AT_EMPTY_PATH") {
				return o.descriptor(o.call.Args[i-1])
			}
			if !ok || name == "" {
				return false // EFAULT, or ENOENT of no name
			}
			o.found = append(o.found, o.resolve(start, name, o.follows(role)))
		}
	}
	return len(o.found) > 0
}

// descriptor has the call be about what is open. Only changes count: a look at it is
// no look at a path.
func (o *operation) descriptor(arg string) bool {
	file, ok := descriptor(arg)
	if !ok || o.shape.class == record.ClassProbe && o.call.Name != "fchdir" {
		return false
	}
	o.found = append(o.found, found{path: file, kind: o.Tree.at(file).kind})
	return true
}

func (o *operation) follows(role byte) bool {
	switch role {
	case 'p':
		exclusive := has(o.flags, "O_CREAT") && has(o.flags, "O_EXCL")
		return !exclusive && !has(o.flags, "O_NOFOLLOW") && !has(o.flags, "AT_SYMLINK_NOFOLLOW")
	case 'l':
		return has(o.flags, "AT_SYMLINK_FOLLOW")
	}
	return false
}

// resolve looks a path up. What is about the process itself is kept as it is.
func (o *operation) resolve(start, name string, follow bool) found {
	switch own := strings.HasPrefix(name, "/proc/self/") || strings.HasPrefix(name, "/proc/thread-self/"); {
	case name == "/proc/self/exe" && o.shape.class == record.ClassExecute:
		name = o.by.program
	case own:
		return found{path: name, errno: o.call.Errno}
	}
	f := o.Tree.resolve(start, name, follow)
	if f.errno != 0 && o.call.Errno == 0 && strings.HasPrefix(f.path, "/proc/") {
		f.errno = 0 // of a process that is not there any more
	}
	return f
}

// tell notes what the call did, with the symbolic links on the way.
func (o *operation) tell(class record.Class, from, to found) {
	for _, f := range []found{from, to} {
		for _, h := range f.hops {
			o.note(Access{Class: record.ClassSymlink, Path: h.path, To: h.to})
		}
	}
	o.note(Access{Class: class, Path: from.path, To: to.path, Errno: o.call.Errno})
}

func (o *operation) note(a Access) {
	a.Process, a.Program = o.by.id, o.by.program
	o.accesses = append(o.accesses, a)
}

// failed notes a call that did nothing but look, as far as it came.
func (o *operation) failed() {
	for i, f := range o.found {
		switch {
		case f.errno == 0 || f.errno == syscall.ELOOP:
			o.tell(record.ClassProbe, f, found{})
		case o.isNew(i) && len(o.found) == 1:
			o.tell(creates, f, found{}) // EACCES, EROFS, ENOSPC
		case !o.isNew(i):
			o.tell(record.ClassAbsent, f, found{})
			return
		}
	}
}

// isNew tells whether path i is that of what the call makes, and can be made there.
func (o *operation) isNew(i int) bool {
	f := o.found[i]
	return o.makes() && i == len(o.found)-1 && f.errno == syscall.ENOENT && !f.orphan
}

func (o *operation) makes() bool {
	switch o.shape.class {
	case record.ClassCreate, record.ClassRename, record.ClassLink:
		return true
	}
	return has(o.flags, "O_CREAT")
}

// check compares the model with what the kernel says of a call that succeeded.
func (o *operation) check() {
	for i, f := range o.found {
		if f.errno != 0 && !o.isNew(i) {
			o.doubt(f.path)
		}
	}
	if got := o.call.File; got != "" && strings.HasPrefix(got, "/") && !strings.HasPrefix(got, "/proc/") && got != o.found[0].path && !has(o.flags, "O_TMPFILE") {
		o.doubt(o.found[0].path)
	}
}

func (o *operation) doubt(name string) {
	o.doubts = append(o.doubts, fmt.Errorf("the model has %q: %s(%s) = %d<%s>", name, o.call.Name, strings.Join(o.call.Args, ", "), o.call.Result, o.call.File))
}

package supervisor

import (
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/recorder"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/record"
)

// intent is what a call means to do with a path.
type intent uint16

const (
	looks intent = iota + 1 // stat, access, chdir
	reads
	lists
	writes
	makes
	removes
	renames
	links
	arranges // changes metadata
	executes
	intents // one more than the last

	// With reads and writes: what else the open does. Bits, to be part of what a
	// use is known by.
	creating  intent = 1 << 8
	exclusive intent = 1 << 9
	emptying  intent = 1 << 10
	directory intent = 1 << 11
	unfollows intent = 1 << 12 // the last symbolic link is the file
	twofold   intent = 1 << 13 // O_RDWR: what is written is read too
)

func (i intent) kind() intent        { return i & 0xff }
func (i intent) has(bit intent) bool { return i&bit != 0 }

// observation is what a call is about to do, as it is seen before it is decided.
type observation struct {
	use      recorder.Use
	accesses []record.Access
	emptied  string // the file whose content is written anew
	program  *recorder.Exec
	missing  bool // the program is not there
	failure  failure
}

// observe looks at what the call is about to do. nil: nothing that is to be told, or it was
// counted already.
func (r *receiver) observe(h *held) *observation {
	if int(h.thread) == r.s.PID || !r.s.meet(h) {
		return nil
	}
	if h.row.Class == abi.Exec {
		return h.observeExec()
	}
	if !r.s.RecordFiles {
		return nil // sent for the policy's sake
	}
	if h.row.Mark != "" {
		h.tellCall()
		return nil
	}
	h.s.Recorder.Settle() // others have looked at what this may change
	switch h.row.Class {
	case abi.Open:
		return h.observeOpen()
	case abi.Stat, abi.Write:
		return h.observePaths()
	}
	if h.name == "fchdir" {
		h.s.Recorder.Moves(int(h.thread))
	}
	return nil
}

// observed tells the recorder of a call with its answer. The program goes on only
// after that, so what is told is in order, and what it changes is known.
func (h *held) observed(o *observation, a Answer) {
	if !h.valid() {
		return // killed meanwhile: what was read may be another's
	}
	rec, tid := h.s.Recorder, int(h.thread)
	refused := a.kind == answerRefuse
	o.comesTo(a)
	if o.program != nil && !refused {
		rec.Executed(tid, *o.program)
	}
	if o.missing {
		rec.ExecFailed(tid)
	}
	rec.Accessed(tid, o.use, o.accesses)
	if o.emptied != "" && !refused {
		rec.Truncated(o.emptied)
	}
	if h.row.Class != abi.Exec {
		rec.Settle()
	}
}

// comesTo has the observation tell what comes of the call with the answer.
func (o *observation) comesTo(a Answer) {
	switch {
	case o.foresaw(a):
		o.fails()
	case a.kind == answerRefuse:
		o.refuse(a.errnoOr(unix.EACCES))
	}
}

// refuse gives what would have succeeded the call's errno.
func (o *observation) refuse(errno syscall.Errno) {
	for i := range o.accesses {
		if a := &o.accesses[i]; a.Class != record.ClassSymlink && a.Errno == 0 {
			a.Errno = errno
		}
	}
}

// onlyRecorded tells that the call was sent for nothing but the record, and goes on
// whatever it is about.
func (s *Supervisor) onlyRecorded(h *held) bool {
	if s.Fake != nil || s.Handlers[h.name] != nil {
		return false
	}
	switch h.row.Class {
	case abi.Open:
		return s.readsFree && h.onlyLooks()
	case abi.Stat:
		return !s.hides
	}
	return h.name == "fchdir" || h.row.Mark != ""
}

// observeOpen observes an open of any generation.
func (h *held) observeOpen() *observation {
	o, errno := h.openArguments()
	if errno != 0 {
		return nil // the kernel refuses it
	}
	return h.observePath(o.arg, o.intent())
}

func (o *opening) intent() intent {
	i := looks
	switch {
	case o.flags&unix.O_PATH != 0 || o.temporary():
	case o.flags&unix.O_ACCMODE != unix.O_RDONLY || o.flags&unix.O_TRUNC != 0:
		i = writes
	case o.flags&unix.O_DIRECTORY != 0:
		i = lists
	default:
		i = reads
	}
	for _, bit := range []struct {
		flag uint64
		bit  intent
	}{{unix.O_CREAT, creating}, {unix.O_EXCL, exclusive}, {unix.O_TRUNC, emptying}, {unix.O_NOFOLLOW, unfollows}} {
		if o.flags&bit.flag != 0 && i.kind() != looks {
			i |= bit.bit
		}
	}
	if o.flags&unix.O_NOFOLLOW != 0 {
		i |= unfollows
	}
	if o.flags&unix.O_ACCMODE == unix.O_RDWR && i.kind() == writes {
		i |= twofold
	}
	return i
}

// observePaths observes a call of the table by its roles.
func (h *held) observePaths() *observation {
	args := h.row.Paths()
	switch {
	case len(args) == 2:
		return h.observePair(args)
	case len(args) == 0 || h.args[args[0].Path] == 0:
		return h.observeDescriptor()
	}
	o := h.observePath(args[0], h.intent(args[0]))
	if h.name == "chdir" {
		h.s.Recorder.Moves(int(h.thread)) // when its own path is resolved
	}
	return o
}

// changeIntents say what the calls of the class Write mean to do.
var changeIntents = [abi.Changes]intent{
	abi.Mkdir: makes | directory, abi.Mknod: makes, abi.Symlink: makes, abi.HardLink: links, abi.Unlink: removes,
	abi.Rename: renames, abi.Truncate: writes | emptying,
}

func (h *held) intent(arg abi.PathArg) intent {
	i := looks
	switch {
	case h.row.Class == abi.Write && h.row.Change.Metadata():
		i = arranges
	case h.row.Class == abi.Write:
		i = changeIntents[h.row.Change]
	}
	if !h.follow(arg.Role) {
		i |= unfollows
	}
	return i
}

// sight is a path as a call names it.
type sight struct {
	use    recorder.Use
	lookup target.Lookup
}

// sight reads the path. false: EFAULT, ENAMETOOLONG: nothing is looked at.
func (h *held) sight(arg abi.PathArg, i intent) (sight, bool) {
	text, errno := h.path(arg.Path)
	if errno != 0 {
		return sight{}, false
	}
	l := h.lookup(arg, text)
	l.Follow = !i.has(unfollows) && !(i.has(creating) && i.has(exclusive))
	return sight{recorder.Use{Kind: uint16(i), Base: h.base(l), Path: text}, l}, true
}

// observePath observes what is done with one path.
func (h *held) observePath(arg abi.PathArg, i intent) *observation {
	v, ok := h.sight(arg, i)
	if !ok || v.use.Path != "" && h.s.Recorder.Again(int(h.thread), v.use) {
		return nil
	}
	return h.look(v)
}

// look finds out what the call comes to that names the path.
func (h *held) look(v sight) *observation {
	i := intent(v.use.Kind)
	f := h.find(v.lookup, v.use.Base)
	o := &observation{accesses: accesses(f, i), failure: failure{h.foresee(f, i), []target.Found{f}}}
	if f.Lasts() {
		o.use = v.use
	}
	if i.has(emptying) && f.Errno == 0 {
		o.emptied = f.Canonical
	}
	return o
}

// base is the text that a relative path starts from.
func (h *held) base(l target.Lookup) string {
	if l.Path == "" || l.Path[0] == '/' {
		return ""
	}
	rec, tid := h.s.Recorder, int(h.thread)
	if l.Dir == unix.AT_FDCWD && h.s.RecordFiles { // or nobody tells of a chdir
		if dir := rec.Dir(tid); dir != "" {
			return dir
		}
	}
	dir, ok := h.s.view.Base(l.Thread, l.Dir)
	if ok && l.Dir == unix.AT_FDCWD {
		rec.Moved(tid, dir)
	}
	return dir
}

// find looks a path up, or remembers where it leads.
func (h *held) find(l target.Lookup, base string) target.Found {
	if own := ownProc(l.Path); own {
		return target.Found{Canonical: l.Path}
	}
	key := recorder.Lookup{Base: base, Path: l.Path, Follow: l.Follow && !l.Entry}
	if l.Path != "" {
		if f, ok := h.s.Recorder.Found(key); ok {
			return f
		}
	}
	f := h.s.view.Find(l, base)
	if l.Path != "" && f.Lasts() && h.s.lasts(f) && !strings.HasPrefix(f.Canonical, "/proc/") {
		h.s.Recorder.Keep(key, f)
	}
	return f
}

// lasts tells whether it would be seen that something on the way changes: the calls
// that change files are sent if files are recorded, and not all of them otherwise.
func (s *Supervisor) lasts(f target.Found) bool {
	changes := func(hop target.Hop) bool { return s.mayWrite(hop.Path) }
	return s.RecordFiles || !s.mayWrite(f.Canonical) && !slices.ContainsFunc(f.Links, changes)
}

// ownProc tells whether a path is about the process itself: it is told as it is.
func ownProc(path string) bool {
	return strings.HasPrefix(path, "/proc/self/") || strings.HasPrefix(path, "/proc/thread-self/")
}

// observeDescriptor observes a change of what is open.
func (h *held) observeDescriptor() *observation {
	i := h.row.Arg(abi.FD)
	if i < 0 {
		i = h.row.Arg(abi.DirFD)
	}
	if i < 0 || h.row.Class != abi.Write {
		return nil
	}
	f := h.s.view.Find(target.Lookup{Thread: h.thread, Dir: h.fd(i), Empty: true}, "")
	return &observation{accesses: accesses(f, arranges)}
}

// observePair observes link and rename.
func (h *held) observePair(args []abi.PathArg) *observation {
	var found [2]target.Found
	for i, arg := range args {
		text, errno := h.path(arg.Path)
		if errno != 0 {
			return nil
		}
		l := h.lookup(arg, text)
		found[i] = h.find(l, h.base(l))
	}
	from, to := found[0], found[1]
	if from.Errno != 0 {
		return &observation{accesses: accesses(from, looks)}
	}
	class := record.ClassRename
	if h.row.Change == abi.HardLink {
		class = record.ClassLink
	}
	all := append(hops(from), hops(to)...)
	all = append(all, record.Access{Class: class, Path: from.Canonical, To: to.Canonical, Dir: from.IsDir()})
	return &observation{accesses: all, failure: failure{h.foreseePair(from, to), found[:]}}
}

func hops(f target.Found) []record.Access {
	var all []record.Access
	for _, hop := range f.Links {
		all = append(all, record.Access{Class: record.ClassSymlink, Path: hop.Path, To: hop.Content})
	}
	return all
}

// accesses are what it comes to if something is meant to be done with what was found.
func accesses(f target.Found, i intent) []record.Access {
	if f.Canonical == "" || f.Canonical[0] != '/' {
		return nil // a pipe, a socket: nothing with a name
	}
	a := record.Access{Path: f.Canonical, Dir: f.IsDir(), Errno: syscall.Errno(f.Errno)}
	a.Class = i.class(f)
	if a.Class == record.ClassCreate {
		a.Errno, a.Dir = 0, i.has(directory)
	}
	all := append(hops(f), a)
	if i.has(twofold) && a.Class == record.ClassWrite && !i.has(emptying) { // O_RDWR
		a.Class = record.ClassRead
		all = append(all, a)
	}
	return all
}

// existing are the classes of what is done with a file that is there.
var existing = [intents]record.Class{
	looks: record.ClassProbe, reads: record.ClassRead, lists: record.ClassEnumerate, writes: record.ClassWrite,
	makes: record.ClassProbe, removes: record.ClassDelete, arranges: record.ClassMetadata, executes: record.ClassExecute,
}

func (i intent) class(f target.Found) record.Class {
	switch {
	case f.Errno == unix.ENOENT && (i.kind() == makes || i.has(creating)):
		return record.ClassCreate
	case f.Errno == unix.ENOENT || f.Errno == unix.ENOTDIR:
		return record.ClassAbsent
	case f.Errno != 0, i.has(creating) && i.has(exclusive): // EEXIST
		return record.ClassProbe
	case i.kind() == reads && f.IsDir():
		return record.ClassEnumerate
	}
	return existing[i.kind()]
}

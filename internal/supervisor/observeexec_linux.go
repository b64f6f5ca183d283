package supervisor

import (
	"bufio"
	"bytes"
	"debug/elf"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/recorder"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/internal/tracer"
	"github.com/catbox-go/catbox/record"
)

// follower passes on what the tracer sees.
type follower struct{ *recorder.Recorder }

func (f follower) Exited(pid int, e tracer.Exit) {
	end := record.Exit{Time: e.At, Known: true, User: e.User, System: e.System, MaxRSS: e.MaxRSS}
	if e.Status.Signaled() {
		end.Signal = e.Status.Signal()
	} else {
		end.Status = e.Status.ExitStatus()
	}
	f.Recorder.Exited(pid, end)
}

// Ends has all looked at that the run did, before the run's root goes with it.
func (f follower) Ends(int) { f.Recorder.Settle() }

// attempts is how often the run's command is tried to be traced: before its first
// program is executed it is a copy of the init, which may be closed to us.
const attempts = 3

// meet makes sure that the recorder knows whose thread it is. false: it is gone.
func (s *Supervisor) meet(h *held) bool {
	tid := int(h.thread)
	if s.Recorder.Known(tid) && !s.untraced.Load() {
		return true
	}
	s.meeting.Lock()
	defer s.meeting.Unlock()
	pid := h.process()
	if !s.Recorder.Known(pid) {
		status, errno := target.Thread(pid).Status()
		if errno != 0 || !h.valid() {
			return false
		}
		s.Recorder.Begin(pid, status.PPid, time.Now())
	}
	if pid != tid && !s.Recorder.Known(tid) {
		s.Recorder.Cloned(pid, tid)
	}
	s.trace(pid, tid)
	return true
}

// trace follows the process that the run begins with.
func (s *Supervisor) trace(pid, tid int) {
	if !s.untraced.Load() {
		return
	}
	s.tried++
	err := s.tracer.Attach(pid)
	if err != nil && s.tried < attempts {
		return
	}
	s.untraced.Store(false)
	if err != nil {
		s.Recorder.Blind(tid, "how processes end, and what they use", "ptrace: "+err.Error())
	}
}

// observeExec observes the execution of a program. Its arguments are read only if
// there is one.
func (h *held) observeExec() *observation {
	arg := h.row.Paths()[0]
	text, errno := h.path(arg.Path)
	if errno != 0 {
		return h.observeFirst()
	}
	l := h.lookup(arg, text)
	base := h.base(l)
	f := h.findProgram(l, base)
	if ownProc(text) {
		f.Links = nil // /proc/self is another in each process
	}
	if f.Errno != 0 {
		return &observation{accesses: accesses(f, executes), missing: true}
	}
	if f.IsDir() || f.Mode&0111 == 0 || h.permits(f.Canonical, unix.X_OK) != 0 {
		o := &observation{accesses: accesses(f, looks), missing: true}
		o.refuse(unix.EACCES)
		return o
	}
	chain, ok := h.chain(f.Canonical)
	if !ok {
		o := &observation{accesses: accesses(f, looks), missing: true}
		o.refuse(unix.ENOEXEC)
		return o
	}
	e := &recorder.Exec{Path: f.Canonical, Interpreters: chain.paths(), Dir: h.directory()}
	word := 8
	if h.arch == abi.I386 {
		word = 4
	}
	var bad unix.Errno
	if e.Args, bad = h.thread.ReadStrings(h.pointer(h.row.Arg(abi.Argv)), word); bad == 0 {
		e.Env, bad = h.thread.ReadStrings(h.pointer(h.row.Arg(abi.Envp)), word)
	}
	if bad != 0 {
		return nil // the kernel refuses them too
	}
	return &observation{program: e, accesses: append(accesses(f, executes), chain.accesses()...)}
}

// findProgram is find with the file's mode as it is now: no change of it makes a lookup another one.
func (h *held) findProgram(l target.Lookup, base string) target.Found {
	if l.Path == "" || ownProc(l.Path) {
		return h.s.view.Find(l, base)
	}
	f := h.find(l, base)
	if f.Errno != 0 {
		return f
	}
	var st unix.Stat_t
	if h.s.view.Stat(f.Canonical, &st) != 0 {
		return h.s.view.Find(l, base)
	}
	f.Mode = st.Mode
	return f
}

// observeFirst is for the run's command itself, which the init executes: its memory
// may be closed to us, and what is in it is known.
func (h *held) observeFirst() *observation {
	first := h.s.Command
	if first == nil || !h.s.first.CompareAndSwap(false, true) {
		return nil
	}
	f := h.s.view.Find(target.Lookup{Thread: h.thread, Path: first.Path, Follow: true}, first.Dir+"/")
	if f.Errno != 0 {
		return nil
	}
	chain, _ := h.chain(f.Canonical)
	e := *first
	e.Path, e.Interpreters = f.Canonical, chain.paths()
	return &observation{program: &e, accesses: append(accesses(f, executes), chain.accesses()...)}
}

// directory is where the thread is, without a slash at the end.
func (h *held) directory() string {
	dir := h.base(target.Lookup{Thread: h.thread, Dir: unix.AT_FDCWD, Path: "."})
	if dir != "/" {
		dir = strings.TrimSuffix(dir, "/")
	}
	return dir
}

// chain is what the kernel loads in a program's stead: interpreters of scripts, and
// then the dynamic loader.
type chain []target.Found

func (c chain) paths() []string {
	var all []string
	for _, f := range c {
		all = append(all, f.Canonical)
	}
	return all
}

func (c chain) accesses() []record.Access {
	var all []record.Access
	for _, f := range c {
		all = append(all, accesses(f, executes)...)
	}
	return all
}

// maxInterpreters is how many scripts may interpret scripts (execve(2): five).
const maxInterpreters = 5

// chain looks into the program. false: the kernel does not execute it (ENOEXEC).
func (h *held) chain(path string) (chain, bool) {
	var c chain
	for range maxInterpreters + 1 {
		name, kind := h.s.programs.interpreter(h.s.view, path)
		if kind == unknownFormat {
			return c, false
		}
		if name == "" {
			return c, true
		}
		f := h.find(target.Lookup{Thread: h.thread, Dir: unix.AT_FDCWD, Path: name, Follow: true}, "/")
		if f.Errno != 0 {
			return c, false
		}
		c = append(c, f)
		if kind == elfFormat {
			return c, true
		}
		path = f.Canonical
	}
	return c, false
}

type format uint8

const (
	unknownFormat format = iota
	elfFormat
	scriptFormat
)

// interpreter reads from a program what interprets it; "" is nothing.
func readInterpreter(v *target.View, path string) (string, format) {
	fd, errno := v.OpenFile(path)
	if errno != 0 {
		return "", elfFormat // one that cannot be read can be executed
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	head := make([]byte, 256) // BINPRM_BUF_SIZE
	n, _ := f.Read(head)
	head = head[:n]
	if line, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		text, _ := bufio.NewReader(bytes.NewReader(line)).ReadString('\n')
		fields := strings.Fields(text)
		if len(fields) == 0 {
			return "", unknownFormat
		}
		return fields[0], scriptFormat
	}
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return "", unknownFormat
	}
	return loader(f), elfFormat
}

// loader is the dynamic loader that an ELF file names (PT_INTERP of elf(5)).
func loader(f *os.File) string {
	e, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < unix.PathMax {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err == nil {
				return strings.TrimRight(string(name), "\x00")
			}
		}
	}
	return ""
}

package spawn

import (
	"syscall"
	"unsafe"
)

// Request says how a Child is to be started.
type Request struct {
	// Path is what is executed, "" for this program.
	Path string
	Args []string
	Env  []string
	// Dir is the working directory, "" for the caller's.
	Dir string
	// Files are the child's descriptors from 0. Its end of the control socket comes after the first three.
	Files []uintptr
	// Cloneflags are those of clone(2).
	Cloneflags uintptr
	// Caps are for the child in its user namespace, bit n for number n.
	Caps uint64
	// Cgroup is a directory to start in, -1 for the caller's.
	Cgroup int
	// Prepare, if not nil, is called in the thread that starts the child, which may have a mount namespace of its own
	// afterwards, but no descriptors of its own: the child's PIDFD is made in it.
	Prepare func() error
	// Block are signals to start with blocked, bit n-1 for number n as the kernel has it.
	Block uint64
}

// Child is this program, started again, or a program that is to execute it.
type Child struct {
	PID     int
	PIDFD   int           // -1 if the kernel has none (before Linux 5.2)
	Control int           // our end of the socket that the child has as descriptor 3
	Blocked uint64        // those of Request.Block that the caller had blocked itself
	Waited  chan struct{} // closed when it has been reaped
	// Status is how it ended, and Err the error of wait4, once Waited is closed.
	Status syscall.WaitStatus
	Err    error
}

// Start starts a child from a thread that lives as long as the child does: the
// parent-death signal comes when the thread ends that created the child (prctl(2)).
func Start(r Request) (*Child, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c := &Child{PIDFD: -1, Control: pair[0], Waited: make(chan struct{})}
	started := make(chan error)
	go OnThread(func() { // which ends: signals stay blocked there
		err := c.start(r, pair[1])
		started <- err
		if err == nil {
			c.wait()
		}
	})
	err = <-started
	syscall.Close(pair[1])
	if err != nil {
		syscall.Close(pair[0])
		return nil, err
	}
	return c, nil
}

func (c *Child) start(r Request, control int) (err error) {
	if c.Blocked, err = block(r.Block); err != nil {
		return err
	}
	if r.Prepare != nil {
		if err := r.Prepare(); err != nil {
			return err
		}
	}
	path := r.Path
	if path == "" {
		path = "/proc/self/exe"
	}
	c.PID, err = syscall.ForkExec(path, r.Args, c.attributes(r, control))
	return err
}

func (c *Child) attributes(r Request, control int) *syscall.ProcAttr {
	files := append(append(append([]uintptr{}, r.Files[:3]...), uintptr(control)), r.Files[3:]...)
	attr := &syscall.ProcAttr{Dir: r.Dir, Env: r.Env, Files: files, Sys: &syscall.SysProcAttr{Cloneflags: r.Cloneflags, PidFD: &c.PIDFD}}
	if r.Cloneflags&syscall.CLONE_NEWPID != 0 {
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	if r.Cloneflags&syscall.CLONE_NEWUSER != 0 {
		// The ids are mapped by the caller once the child runs: with SysProcAttr's own
		// mappings the memory of this process would be copied to be thrown away,
		// which is a seventh of the whole start. Until then the child has its
		// capabilities by the ambient set alone.
		attr.Sys.Cloneflags |= syscall.CLONE_VM | syscall.CLONE_VFORK
		attr.Sys.AmbientCaps = list(r.Caps)
	}
	if r.Cgroup >= 0 {
		attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, r.Cgroup
	}
	return attr
}

func list(caps uint64) []uintptr {
	var numbers []uintptr
	for c := range uintptr(64) {
		if caps&(1<<c) != 0 {
			numbers = append(numbers, c)
		}
	}
	return numbers
}

// wait reaps the child.
func (c *Child) wait() {
	for {
		_, err := syscall.Wait4(c.PID, &c.Status, 0, nil)
		if err != syscall.EINTR {
			c.Err = err
			close(c.Waited)
			return
		}
	}
}

// block blocks signals in the calling thread, and in what it starts, and returns
// those of them that were blocked before (rt_sigprocmask(2)).
func block(set uint64) (already uint64, err error) {
	var old uint64
	const sigBlock = 0
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigBlock, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return old & set, nil
}

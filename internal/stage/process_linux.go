package stage

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is the init as the caller has it. It is not an os.Process: the first
// of a program starts one more process just to see whether pidfds work.
type process struct {
	pid   int
	pidfd int // -1 if the kernel has none (before Linux 5.2)

	blocked uint64 // the watched signals that the caller has blocked

	streams *streams
	waited  chan struct{} // closed when the init has been reaped
	status  syscall.WaitStatus
	err     error // of wait4
}

// startProcess starts this program again as the init, from a thread that lives
// as long as the init does: the parent-death signal comes when the thread ends
// that created the child (prctl(2)).
func startProcess(cfg Config, control *os.File) (*process, error) {
	s, err := openStreams(cfg.Stdin, cfg.Stdout, cfg.Stderr)
	if err != nil {
		return nil, err
	}
	p := &process{pidfd: -1, streams: s, waited: make(chan struct{})}
	attr := p.attributes(cfg, control)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: signals stay blocked there
		var err error
		if p.blocked, err = blockWatched(); err != nil {
			started <- err
			return
		}
		p.pid, err = syscall.ForkExec("/proc/self/exe", []string{initName}, attr)
		runtime.KeepAlive(cfg)
		started <- err
		if err == nil {
			p.wait()
		}
	}()
	if err := <-started; err != nil {
		s.abandon()
		return nil, err
	}
	s.copy()
	return p, nil
}

func (p *process) attributes(cfg Config, control *os.File) *syscall.ProcAttr {
	attr := &syscall.ProcAttr{
		Env:   []string{stageVariable + "=init", "GOMAXPROCS=1"},
		Files: p.streams.descriptors(),
		Sys:   &syscall.SysProcAttr{Cloneflags: cfg.Cloneflags, PidFD: &p.pidfd},
	}
	for _, f := range append([]*os.File{control}, cfg.Files...) {
		attr.Files = append(attr.Files, f.Fd())
	}
	if cfg.Cloneflags&unix.CLONE_NEWPID != 0 {
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	if cfg.Cloneflags&unix.CLONE_NEWUSER != 0 {
		// The ids are mapped once the init runs (mapIDs): with SysProcAttr's own
		// mappings the memory of this process would be copied to be thrown away,
		// which is a seventh of the whole start. Until then the init has its
		// capabilities by the ambient set alone.
		attr.Sys.Cloneflags |= unix.CLONE_VM | unix.CLONE_VFORK
		attr.Sys.AmbientCaps = ambientCaps(cfg.Caps)
	}
	if cfg.Cgroup != nil {
		attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, int(cfg.Cgroup.Fd())
	}
	return attr
}

// wait reaps the init.
func (p *process) wait() {
	for {
		_, err := syscall.Wait4(p.pid, &p.status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		p.err = os.NewSyscallError("wait4", err)
		break
	}
	close(p.waited)
}

// kill ends the init, and with it its pid namespace.
func (p *process) kill() {
	select {
	case <-p.waited: // the number may be another's
		return
	default:
	}
	if p.pidfd < 0 {
		syscall.Kill(p.pid, syscall.SIGKILL)
		return
	}
	unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
}

// end waits until the init has been reaped and its streams are copied, and lets
// go of both.
func (p *process) end(delay time.Duration) error {
	<-p.waited
	if p.pidfd >= 0 {
		unix.Close(p.pidfd)
	}
	return errors.Join(p.err, p.streams.wait(delay))
}

// descriptor takes a copy of a descriptor of the init's.
func (p *process) descriptor(number int) (int, error) {
	if p.pidfd < 0 {
		return -1, fmt.Errorf("pidfd_getfd: %w", unix.ENOSYS)
	}
	fd, err := unix.PidfdGetfd(p.pidfd, number, 0)
	return fd, os.NewSyscallError("pidfd_getfd", err)
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

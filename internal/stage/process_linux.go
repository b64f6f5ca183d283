package stage

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// process is the init as the caller has it, or the program in front of it. It is not an os.Process: the first
// of a program starts one more process just to see whether pidfds work.
type process struct {
	*spawn.Child
	streams *streams
	mu      sync.Mutex // of PIDFD, which is closed once the init has been reaped
}

// startProcess starts this program again as the init, if it has not begun with that already.
func startProcess(cfg Config) (*process, error) {
	s, err := openStreams(cfg.Stdin, cfg.Stdout, cfg.Stderr)
	if err != nil {
		return nil, err
	}
	request := request(cfg, s)
	if len(cfg.Front) > 0 {
		program, err := os.Open("/proc/self/exe")
		if err != nil {
			s.abandon()
			return nil, err
		}
		defer program.Close()
		putBehind(&request, cfg.Front, program)
	}
	child := spawn.Take(request)
	if child != nil && cfg.Anew {
		go child.LetGo()
		child = nil
	}
	if child == nil {
		child, err = spawn.Start(request)
	}
	runtime.KeepAlive(cfg)
	if err != nil {
		s.abandon()
		return nil, err
	}
	s.copy()
	return &process{Child: child, streams: s}, nil
}

func request(cfg Config, s *streams) spawn.Request {
	files := s.descriptors()
	for _, f := range cfg.Files {
		files = append(files, f.Fd())
	}
	r := spawn.First(files, cfg.Cloneflags, cfg.Caps)
	r.Prepare = cfg.Prepare
	if cfg.Cgroup != nil {
		r.Cgroup = int(cfg.Cgroup.Fd())
	}
	return r
}

// kill ends the init, and with it its pid namespace.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.Waited: // the number may be another's
		return
	default:
	}
	if p.PIDFD < 0 {
		syscall.Kill(p.PID, syscall.SIGKILL)
		return
	}
	unix.PidfdSendSignal(p.PIDFD, unix.SIGKILL, nil, 0)
}

// end waits until the streams of an init that has ended, or is about to, are copied.
func (p *process) end(delay time.Duration) error {
	err := p.streams.wait(delay)
	select {
	case <-p.Waited:
		p.release()
		return errors.Join(os.NewSyscallError("wait4", p.Err), err)
	default:
	}
	go func() {
		<-p.Waited
		p.release()
	}()
	return err
}

func (p *process) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.PIDFD >= 0 {
		unix.Close(p.PIDFD)
		p.PIDFD = -1
	}
}

// descriptor takes a copy of a descriptor of the init's.
func (p *process) descriptor(number int) (int, error) {
	if p.PIDFD < 0 {
		return -1, fmt.Errorf("pidfd_getfd: %w", unix.ENOSYS)
	}
	fd, err := unix.PidfdGetfd(p.PIDFD, number, 0)
	return fd, os.NewSyscallError("pidfd_getfd", err)
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// descriptors are some that are held so that there will be so many.
type descriptors []int

func (d *descriptors) reserve(n int) error {
	for range n {
		fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			d.release()
			return &os.PathError{Op: "open", Path: "/", Err: err}
		}
		*d = append(*d, fd)
	}
	return nil
}

func (d *descriptors) release() {
	for _, fd := range *d {
		unix.Close(fd)
	}
	*d = nil
}

package features

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

func probePidfdOpen() error {
	fd, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err != nil {
		return verdict("open", err)
	}
	if !ours(fd) {
		return noEffect("open", nil)
	}
	defer unix.Close(fd)
	return verdict("signal 0", unix.PidfdSendSignal(fd, 0, nil, 0))
}

// lookedFor is where a parent looks in its child's memory. It is empty in the parent.
var lookedFor [len(looked)]byte

const looked = "catbox was here."

// childLook tells where lookedFor is, and waits while its parent looks.
func childLook(reply *os.File) error {
	copy(lookedFor[:], looked)
	if _, err := fmt.Fprintf(reply, "at %p\n", &lookedFor); err != nil {
		return err
	}
	released()
	return nil
}

// childWait waits.
func childWait(*os.File) error {
	released()
	return nil
}

// released returns when the parent lets go, or is gone.
func released() { os.NewFile(releaseFD, "release").Read(make([]byte, 1)) }

// withLook runs f beside a child that shows its number and an address.
func withLook(f func(pid int, addr uint64) error) error {
	runtime.LockOSThread() // see inChild
	defer runtime.UnlockOSThread()
	c, err := startChild("look", nil)
	if err != nil {
		return err
	}
	line, err := c.line()
	if err != nil {
		return c.end(err)
	}
	var addr uint64
	if _, err := fmt.Sscanf(line, "at 0x%x", &addr); err != nil {
		return c.end(fmt.Errorf("child said %q: %w", line, err))
	}
	return c.end(f(c.cmd.Process.Pid, addr))
}

func probeProcessVMReadv() error {
	return withLook(func(pid int, addr uint64) error {
		var buf [len(looked)]byte
		n, err := sys.ReadMemory(pid, addr, buf[:])
		if err != nil {
			return verdict("read", err)
		}
		if string(buf[:n]) != looked {
			return noEffect("read", nil)
		}
		return nil
	})
}

// probePtrace seizes a child and lets it go again, which only its tracer can.
func probePtrace() error {
	return withLook(func(pid int, _ uint64) error {
		if err := sys.PtraceSeize(pid, 0); err != nil {
			return verdict("seize", err)
		}
		if err := unix.PtraceInterrupt(pid); err != nil {
			return noEffect("interrupt", err)
		}
		if !stopsSoon(pid) {
			return noEffect("stop", nil)
		}
		return verdict("detach", unix.PtraceDetach(pid))
	})
}

// stopsSoon waits for a tracee to stop, but not for one that is none.
func stopsSoon(pid int) bool {
	for range 500 {
		var status unix.WaitStatus
		got, err := unix.Wait4(pid, &status, unix.WALL|unix.WNOHANG, nil)
		if err != nil || got == pid {
			return err == nil && status.Stopped()
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func probePidfdGetfd() error {
	return withLook(func(pid int, _ uint64) error {
		pidfd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return fmt.Errorf("pidfd_open: %w", err)
		}
		defer unix.Close(pidfd)
		return takes(pidfd, pid, releaseFD)
	})
}

// takes finds that the child's descriptor, once taken, is the file that the child has open.
func takes(pidfd, pid, number int) error {
	fd, err := unix.PidfdGetfd(pidfd, number, 0)
	if err != nil {
		return verdict("get", err)
	}
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, number))
	if err != nil {
		return errors.Join(fmt.Errorf("look at the child's descriptor: %w", err), unix.Close(fd))
	}
	if ours, err := os.Readlink(sys.FDPath(fd)); ours != theirs {
		return noEffect("get", err)
	}
	return unix.Close(fd)
}

//go:build amd64

package attack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// victim is the process to act on: one outside, or for the benign twin a child.
func (t target) victim() int {
	if !t.Benign {
		return t.PID
	}
	cmd := exec.Command("/proc/self/exe", "attack-program", "idle", "{}")
	must(startIdle(cmd))
	return cmd.Process.Pid
}

// startIdle starts an idle program and waits until it is one: before, the Go
// runtime changes its limits.
func startIdle(cmd *exec.Cmd) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, err = io.ReadFull(out, make([]byte, len("idle\n")))
	return err
}

func onVictim(do func(pid int) (uintptr, error)) program {
	return func(t target) error {
		_, err := do(t.victim())
		return err
	}
}

func limit(resource int) program {
	return onVictim(func(pid int) (uintptr, error) {
		return 0, unix.Prlimit(pid, resource, &unix.Rlimit{Cur: 20, Max: 20}, nil)
	})
}

// reached takes the errors for success by which the kernel says that it looked
// at what it was given.
func reached(err error) error {
	for _, errno := range []unix.Errno{unix.EFAULT, unix.EBADF, unix.EINVAL, unix.ENOTTY} {
		if err == errno {
			return nil
		}
	}
	return err
}

var processPrograms = map[string]program{
	"idle": func(target) error {
		fmt.Println("idle")
		time.Sleep(60 * time.Second)
		return nil
	},

	"prlimit-nofile":    limit(unix.RLIMIT_NOFILE),
	"prlimit-fsize":     limit(unix.RLIMIT_FSIZE),
	"setpriority":       onVictim(func(pid int) (uintptr, error) { return 0, unix.Setpriority(unix.PRIO_PROCESS, pid, 7) }),
	"sched-setaffinity": onVictim(func(pid int) (uintptr, error) { return 0, unix.SchedSetaffinity(pid, &unix.CPUSet{1}) }),
	"ioprio-set":        onVictim(func(pid int) (uintptr, error) { return call(unix.SYS_IOPRIO_SET, 1, pid, 3<<13|4) }),

	"kill":             onVictim(func(pid int) (uintptr, error) { return 0, unix.Kill(pid, unix.SIGKILL) }),
	"tgkill":           onVictim(func(pid int) (uintptr, error) { return 0, unix.Tgkill(pid, pid, unix.SIGKILL) }),
	"tkill":            onVictim(func(pid int) (uintptr, error) { return call(unix.SYS_TKILL, pid, int(unix.SIGKILL)) }),
	"sigqueue":         onVictim(sigqueue),
	"kill-stop":        onVictim(func(pid int) (uintptr, error) { return 0, unix.Kill(pid, unix.SIGSTOP) }),
	"pidfd-signal":     onVictim(pidfdSignal),
	"fcntl-setown":     onVictim(signalByOwner),
	"fcntl-setown-ex":  onVictim(signalByOwnerEx),
	"ptrace-attach":    onVictim(func(pid int) (uintptr, error) { return 0, unix.PtraceAttach(pid) }),
	"ptrace-seize":     onVictim(func(pid int) (uintptr, error) { return 0, unix.PtraceSeize(pid) }),
	"process-vm-readv": onVictim(func(pid int) (uintptr, error) { return 0, reached(vmRead(pid)) }),
	"process-memory":   onVictim(processMemory),
	"process-environ":  onVictim(processEnviron),
	"pidfd-getfd":      onVictim(pidfdGetfd),

	// The first process of the run keeps capabilities. The parent of a program is it.
	"init-memory-write":   func(target) error { return openOnly("/proc/"+itoa(os.Getppid())+"/mem", unix.O_RDWR) },
	"init-memory-openat2": func(target) error { return openOnly2("/proc/"+itoa(os.Getppid())+"/mem", unix.O_RDONLY) },
	"init-environ":        func(target) error { return openOnly2("/proc/"+itoa(os.Getppid())+"/environ", unix.O_RDONLY) },
	"init-ptrace":         func(target) error { runtime.LockOSThread(); return unix.PtraceSeize(os.Getppid()) },
	"kernel-memory":       func(target) error { return openOnly2("/proc/kcore", unix.O_RDONLY) },

	// A daemon tells where it is and is left alone.
	"daemons": func(t target) error {
		for range 30 {
			cmd := exec.Command("/proc/self/exe", "attack-program", "daemon", "{}", t.Dir)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			must(cmd.Start())
		}
		time.Sleep(100 * time.Millisecond)
		return nil
	},
	"daemon": func(t target) error { // forks again, so that its parent is gone
		cmd := exec.Command("/proc/self/exe", "attack-program", "stubborn", "{}", os.Args[len(os.Args)-1])
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return cmd.Start()
	},
	"stubborn": func(target) error {
		ignoreSignals()
		time.Sleep(60 * time.Second)
		return nil
	},
	"stay": func(t target) error {
		must(exec.Command("/proc/self/exe", "attack-program", "stubborn", "{}", t.Dir).Start())
		time.Sleep(60 * time.Second)
		return nil
	},
}

func sigqueue(pid int) (uintptr, error) {
	var info [128]byte
	*(*int32)(unsafe.Pointer(&info[0])) = int32(unix.SIGKILL)
	*(*int32)(unsafe.Pointer(&info[8])) = -1 // SI_QUEUE
	return call(unix.SYS_RT_SIGQUEUEINFO, pid, int(unix.SIGKILL), unsafe.Pointer(&info[0]))
}

func pidfdSignal(pid int) (uintptr, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, err
	}
	return 0, unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
}

// signalByOwner has the kernel send SIGKILL for input on a pipe.
func signalByOwner(pid int) (uintptr, error) {
	return ownerGets(func(fd int) (uintptr, error) { return call(unix.SYS_FCNTL, fd, unix.F_SETOWN, pid) })
}

func signalByOwnerEx(pid int) (uintptr, error) {
	owner := [2]int32{1 /* F_OWNER_PID */, int32(pid)}
	return ownerGets(func(fd int) (uintptr, error) {
		return call(unix.SYS_FCNTL, fd, unix.F_SETOWN_EX, unsafe.Pointer(&owner))
	})
}

func ownerGets(setOwner func(fd int) (uintptr, error)) (uintptr, error) {
	var p [2]int
	must(unix.Pipe2(p[:], 0))
	if _, err := setOwner(p[0]); err != nil {
		return 0, err
	}
	if _, err := call(unix.SYS_FCNTL, p[0], unix.F_SETSIG, int(unix.SIGKILL)); err != nil {
		return 0, err
	}
	if _, err := call(unix.SYS_FCNTL, p[0], unix.F_SETFL, unix.O_ASYNC); err != nil {
		return 0, err
	}
	_, err := unix.Write(p[1], []byte("x"))
	time.Sleep(20 * time.Millisecond)
	return 0, err
}

// vmRead reads from an address at which nothing is: EFAULT if it may be tried.
func vmRead(pid int) error {
	var b [8]byte
	local := unix.Iovec{Base: &b[0], Len: 8}
	_, err := unix.ProcessVMReadv(pid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: 8, Len: 8}}, 0)
	return err
}

func processMemory(pid int) (uintptr, error) {
	return 0, openOnly("/proc/"+itoa(pid)+"/mem", unix.O_RDWR)
}

func processEnviron(pid int) (uintptr, error) {
	data, err := os.ReadFile("/proc/" + itoa(pid) + "/environ")
	if err == nil && len(data) == 0 {
		err = errors.New("empty")
	}
	return 0, err
}

func pidfdGetfd(pid int) (uintptr, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, err
	}
	_, err = unix.PidfdGetfd(fd, 0, 0)
	return 0, err
}

func openOnly(path string, flags int) error {
	fd, err := unix.Open(path, flags, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func openOnly2(path string, flags uint64) error {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{Flags: flags})
	if err != nil {
		return err
	}
	_, err = unix.Pread(fd, make([]byte, 16), 0)
	unix.Close(fd)
	if err == unix.EIO { // the memory at 0, of a file that could be opened
		return nil
	}
	return err
}

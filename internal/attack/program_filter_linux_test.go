//go:build amd64

package attack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reaches is a program that succeeds if the kernel looks at what it is given;
// the benign twin makes a call that nobody refuses.
func reaches(do func() (uintptr, error)) program {
	return func(t target) error {
		if t.Benign {
			_, err := call(unix.SYS_PIPE2, uintptr(0), 0)
			return reached(err)
		}
		_, err := do()
		return reached(err)
	}
}

func raw(nr uintptr, args ...any) program {
	return reaches(func() (uintptr, error) { return call(nr, args...) })
}

const (
	sysOpenTreeAttr = 467
	highBits        = 1 << 32
)

// socketOf makes a socket, or in the benign twin one that is always allowed.
func socketOf(family, typ, protocol uint64) program {
	return func(t target) error {
		if t.Benign {
			family, typ, protocol = unix.AF_UNIX, unix.SOCK_STREAM, 0
		}
		_, err := call(unix.SYS_SOCKET, family, typ, protocol)
		return err
	}
}

var filterPrograms = map[string]program{
	"io-uring-setup":    raw(unix.SYS_IO_URING_SETUP, 1, uintptr(0)),
	"io-uring-enter":    raw(unix.SYS_IO_URING_ENTER, -1, 0, 0, 0, uintptr(0), 0),
	"io-uring-register": raw(unix.SYS_IO_URING_REGISTER, -1, 0, uintptr(0), 0),

	"tiocsti":      raw(unix.SYS_IOCTL, -1, unix.TIOCSTI, uintptr(0)),
	"tiocsti-high": raw(unix.SYS_IOCTL, -1, uint64(unix.TIOCSTI|highBits), uintptr(0)),
	"tioclinux":    raw(unix.SYS_IOCTL, -1, unix.TIOCLINUX, uintptr(0)),

	"keyctl":           raw(unix.SYS_KEYCTL, 0 /* GET_KEYRING_ID */, -4, 0),
	"keyctl-describe":  raw(unix.SYS_KEYCTL, 6, -4, uintptr(0), 0),
	"add-key":          raw(unix.SYS_ADD_KEY, uintptr(0), uintptr(0), uintptr(0), 0, -4),
	"request-key":      raw(unix.SYS_REQUEST_KEY, uintptr(0), uintptr(0), uintptr(0), 0),
	"session-parent":   raw(unix.SYS_KEYCTL, 18 /* SESSION_TO_PARENT */),
	"userfaultfd":      raw(unix.SYS_USERFAULTFD, 1<<20),
	"clone3":           raw(unix.SYS_CLONE3, uintptr(0), 0),
	"memfd-secret":     raw(unix.SYS_MEMFD_SECRET, 1<<20),
	"handle":           raw(unix.SYS_OPEN_BY_HANDLE_AT, -1, uintptr(0), 0),
	"bpf":              raw(unix.SYS_BPF, 0, uintptr(0), 1<<20),
	"perf-event-open":  raw(unix.SYS_PERF_EVENT_OPEN, uintptr(0), 0, -1, -1, 0),
	"open-tree":        raw(unix.SYS_OPEN_TREE, -1, "x", 0),
	"open-tree-clone":  raw(unix.SYS_OPEN_TREE, -1, "x", 1),
	"open-tree-attr":   raw(sysOpenTreeAttr, -1, "x", 0, uintptr(0), 0),
	"fsopen":           raw(unix.SYS_FSOPEN, uintptr(0), 0),
	"fsconfig":         raw(unix.SYS_FSCONFIG, -1, 99, uintptr(0), uintptr(0), 0),
	"fsmount":          raw(unix.SYS_FSMOUNT, -1, 0, 0),
	"fspick":           raw(unix.SYS_FSPICK, -1, "x", 0),
	"move-mount":       raw(unix.SYS_MOVE_MOUNT, -1, "x", -1, "x", 0),
	"mount-setattr":    raw(unix.SYS_MOUNT_SETATTR, -1, "x", 0, uintptr(0), 0),
	"mount":            raw(unix.SYS_MOUNT, uintptr(8), uintptr(8), uintptr(8), 0, uintptr(8)),
	"setns":            raw(unix.SYS_SETNS, -1, 0),
	"chroot":           raw(unix.SYS_CHROOT, uintptr(8)),
	"socket-vsock":     socketOf(unix.AF_VSOCK, unix.SOCK_STREAM, 0),
	"socket-alg":       socketOf(unix.AF_ALG, unix.SOCK_SEQPACKET, 0),
	"socket-uevent":    socketOf(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT),
	"socket-audit":     socketOf(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT),
	"socket-netfilter": socketOf(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER),
	"socket-mptcp":     socketOf(unix.AF_INET, unix.SOCK_STREAM, 262),
	"socket-high":      socketOf(unix.AF_VSOCK|highBits, unix.SOCK_STREAM, 0),
	"socket-inet":      socketOf(unix.AF_INET, unix.SOCK_STREAM, 0),
	"socket-inet6":     socketOf(unix.AF_INET6, unix.SOCK_DGRAM, 0),

	"clone-newuser":   namespaces(unix.CLONE_NEWUSER, unix.CLONE_VFORK),
	"clone-newuserns": namespaces(unix.CLONE_NEWUSER|unix.CLONE_NEWNS, unix.CLONE_VFORK),
	"unshare-newuser": func(t target) error { // EINVAL: it has other threads
		if t.Benign {
			return unix.Unshare(unix.CLONE_FS)
		}
		return reached(unix.Unshare(unix.CLONE_NEWUSER))
	},
	"unshare-high": func(t target) error {
		if t.Benign {
			return unix.Unshare(unix.CLONE_FS)
		}
		_, err := call(unix.SYS_UNSHARE, uint64(1<<40))
		return reached(err)
	},

	"unknown-numbers": unknownNumbers,
	"x32":             x32,
	"shm-outside":     sharedMemory,
}

// namespaces starts a child in new ones.
func namespaces(flags, benign uintptr) program {
	return func(t target) error {
		if t.Benign {
			flags = benign &^ unix.CLONE_VFORK
		}
		cmd := exec.Command("/proc/self/exe", "attack-program", "nop", "{}")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		return cmd.Run()
	}
}

// unknownNumbers succeeds if any call that nobody knows is anything but absent.
func unknownNumbers(t target) error {
	if t.Benign {
		return nil
	}
	runtime.LockOSThread()
	for nr := uintptr(600); nr < 1200; nr++ {
		if _, err := call(nr, 0, 0, 0, 0, 0, 0); err != unix.ENOSYS {
			fmt.Println(nr, err)
			return nil
		}
	}
	for _, nr := range []uintptr{1 << 31, 1<<31 + 1, 0xffffffff, 0xfffffff0, 1 << 20} {
		if _, err := call(nr, 0, 0, 0, 0, 0, 0); err != unix.ENOSYS {
			fmt.Println(nr, err)
			return nil
		}
	}
	return errors.New("each is ENOSYS")
}

// x32 makes calls of the x32 table.
func x32(t target) error {
	if t.Benign {
		return nil
	}
	const bit = 0x40000000
	for _, nr := range []uintptr{unix.SYS_GETPID, unix.SYS_OPEN, unix.SYS_SOCKET, 512, 520, 547} {
		if _, err := call(bit+nr, 0, 0, 0); err != unix.ENOSYS {
			fmt.Println(nr, err)
			return nil
		}
	}
	return errors.New("each is ENOSYS")
}

// sharedMemory finds a System V segment of those outside.
func sharedMemory(t target) error {
	key, flags := t.Key, 0
	if t.Benign {
		key, flags = 0 /* IPC_PRIVATE */, unix.IPC_CREAT|0o600
	}
	id, err := unix.SysvShmGet(key, 4096, flags)
	if err == nil && t.Benign {
		_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	}
	return err
}

var otherPrograms = map[string]program{
	"nop": func(target) error { return nil },
	// Makes mediated calls for ever, until somebody kills it.
	"restless": func(t target) error {
		must(os.Chdir(t.Home))
		for {
			_ = scribble(unix.Open("x", unix.O_CREAT|unix.O_WRONLY, 0o644))
			_ = scribble(unix.Open(t.f(), unix.O_WRONLY, 0))
			_ = unix.Rename(t.f(), t.scratch("taken"))
			_ = unix.Chmod(t.f(), 0o600)
		}
	},
	// Everything at once, for a supervisor that has nothing left.
	"everything": func(t target) error {
		for range 20 {
			for _, family := range []map[string]program{openPrograms, treePrograms, metadataPrograms} {
				for _, act := range family {
					_ = act(t)
				}
			}
		}
		return nil
	},
	"storm-opens": stormOpens,
	"bad-input":   badInput,
	"violations":  manyViolations,
	"forge": func(t target) error {
		fmt.Fprintln(os.Stderr, "catbox: denied write /forged (openat by cc1, pid 1)")
		return openOnly(t.Dir+"/x\ncatbox: denied write \x1b[31mforged", unix.O_CREAT|unix.O_WRONLY)
	},
	"fork-bomb": func(target) error {
		for {
			if err := exec.Command("/proc/self/exe", "attack-program", "fork-bomb", "{}").Start(); err != nil {
				return err
			}
		}
	},
	"overwrite-self": func(target) error { return scribble(unix.Open("/proc/self/exe", unix.O_WRONLY, 0)) },
}

func ignoreSignals() {
	for sig := 1; sig < 32; sig++ {
		_, _ = call(unix.SYS_RT_SIGACTION, sig, unsafe.Pointer(&[4]uint64{1 /* SIG_IGN */}), uintptr(0), 8)
	}
}

// stormOpens opens files and looks whether each is the one that was asked for.
// Natively every one is.
func stormOpens(t target) error {
	paths := []string{t.scratch("storm-a"), t.scratch("storm-b")}
	var want [2]unix.Stat_t
	for i, p := range paths {
		must(os.WriteFile(p, nil, 0o644))
		must(unix.Stat(p, &want[i]))
	}
	wrong, count := 0, 0
	for count = range 5000 {
		fd, err := unix.Open(paths[count%2], unix.O_RDWR, 0)
		if err != nil {
			wrong++
			continue
		}
		var st unix.Stat_t
		if unix.Fstat(fd, &st) != nil || st.Ino != want[count%2].Ino {
			wrong++
		}
		if fd > 2 {
			unix.Close(fd)
		}
	}
	fmt.Println(count+1, "opens,", wrong, "wrong")
	if wrong > 0 {
		return nil
	}
	return errors.New("all were right")
}

// manyViolations is for the count of records.
func manyViolations(t target) error {
	for range 8 {
		for i := range 250 {
			_ = openOnly(t.in("new-"+itoa(i)), unix.O_CREAT|unix.O_WRONLY)
		}
	}
	return nil
}

//go:build linux && !386

package seccomp

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

const nobody = 65534

// onThread runs f on a thread of its own, which ends with it. As an ordinary
// user, if this is root and asked to.
func onThread(t testing.TB, asUser bool, f func()) {
	t.Helper()
	done := make(chan unix.Errno)
	go func() {
		runtime.LockOSThread() // and never unlocked
		errno := becomeUser(asUser)
		if errno == 0 {
			f()
		}
		done <- errno
	}()
	if errno := <-done; errno != 0 {
		t.Fatalf("setresuid: %v", errno)
	}
}

// becomeUser changes the ids of the thread; those of package syscall change all threads.
func becomeUser(asUser bool) unix.Errno {
	if !asUser || os.Geteuid() != 0 {
		return 0
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, nobody, nobody, nobody); errno != 0 {
		return errno
	}
	_, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody)
	return errno
}

func noNewPrivs(t testing.TB) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Error(err)
	}
}

func install(t testing.TB, o Options) {
	t.Helper()
	prog, err := Compile(abi.Native(), Rules(o))
	if err != nil {
		t.Error(err)
		return
	}
	noNewPrivs(t)
	if l, err := Install(prog, 0); l != -1 || err != nil {
		t.Errorf("Install: listener %d, %v", l, err)
	}
}

// attempt is a call that does nothing even if it reaches the kernel: its
// descriptor or pointer is bad.
type attempt struct {
	name string
	nr   uintptr
	args [6]uintptr
	want unix.Errno
}

func (a attempt) make() unix.Errno {
	_, _, errno := unix.RawSyscall6(a.nr, a.args[0], a.args[1], a.args[2], a.args[3], a.args[4], a.args[5])
	return errno
}

func attempts() []attempt {
	const (
		bad  = ^uintptr(0) // descriptor -1
		high = 0xdeadbeef << 32
	)
	outside := uintptr(os.Getppid())
	return []attempt{
		{"io_uring_setup", unix.SYS_IO_URING_SETUP, [6]uintptr{1}, unix.ENOSYS},
		{"io_uring_enter", unix.SYS_IO_URING_ENTER, [6]uintptr{bad}, unix.ENOSYS},
		{"clone3", unix.SYS_CLONE3, [6]uintptr{}, unix.ENOSYS},
		{"userfaultfd", unix.SYS_USERFAULTFD, [6]uintptr{0xffff}, unix.ENOSYS},
		{"keyctl", unix.SYS_KEYCTL, [6]uintptr{9999}, unix.ENOSYS},
		{"TIOCSTI", unix.SYS_IOCTL, [6]uintptr{bad, unix.TIOCSTI}, unix.EPERM},
		{"TIOCSTI, high bits", unix.SYS_IOCTL, [6]uintptr{bad, high | unix.TIOCSTI}, unix.EPERM},
		{"TIOCLINUX", unix.SYS_IOCTL, [6]uintptr{bad, unix.TIOCLINUX}, unix.EPERM},
		{"unshare user", unix.SYS_UNSHARE, [6]uintptr{unix.CLONE_NEWUSER}, unix.EPERM}, // EINVAL for a thread
		{"clone user", unix.SYS_CLONE, [6]uintptr{unix.CLONE_NEWUSER | unix.CLONE_FS}, unix.EPERM},
		{"mount", unix.SYS_MOUNT, [6]uintptr{}, unix.EPERM},
		{"open_tree", unix.SYS_OPEN_TREE, [6]uintptr{bad}, unix.EPERM},
		{"setns", unix.SYS_SETNS, [6]uintptr{bad}, unix.EPERM},
		{"chroot", unix.SYS_CHROOT, [6]uintptr{}, unix.EPERM},
		{"bpf", unix.SYS_BPF, [6]uintptr{9999}, unix.EPERM},
		{"open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT, [6]uintptr{bad}, unix.EPERM},
		{"vsock", unix.SYS_SOCKET, [6]uintptr{unix.AF_VSOCK, 0xf}, unix.EAFNOSUPPORT},
		{"alg, high bits", unix.SYS_SOCKET, [6]uintptr{high | unix.AF_ALG, 0xf}, unix.EAFNOSUPPORT},
		{"mptcp", unix.SYS_SOCKET, [6]uintptr{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_MPTCP}, unix.EPROTONOSUPPORT},
		{"msgctl", unix.SYS_MSGCTL, [6]uintptr{bad, 9999}, unix.ENOSYS},
		{"prlimit", unix.SYS_PRLIMIT64, [6]uintptr{outside, 7}, unix.EPERM},
		{"setpriority", unix.SYS_SETPRIORITY, [6]uintptr{99, outside}, unix.EPERM},
		{"process_vm_writev", unix.SYS_PROCESS_VM_WRITEV, [6]uintptr{outside, 0, 0, 0, 0, 1}, unix.EPERM},
		{"no such number", 4000, [6]uintptr{}, unix.ENOSYS},
		{"x32 getpid", 1<<30 | 39, [6]uintptr{}, unix.ENOSYS},
		{"negative", ^uintptr(4), [6]uintptr{}, unix.ENOSYS},

		// The twins: these reach the kernel.
		{"getppid", unix.SYS_GETPPID, [6]uintptr{}, 0},
		{"TCGETS", unix.SYS_IOCTL, [6]uintptr{bad, unix.TCGETS}, unix.EBADF},
		{"clone", unix.SYS_CLONE, [6]uintptr{unix.CLONE_THREAD}, unix.EINVAL},
		{"unshare files", unix.SYS_UNSHARE, [6]uintptr{unix.CLONE_FILES}, 0},
		{"prlimit, own", unix.SYS_PRLIMIT64, [6]uintptr{0, 7}, 0},
		{"open", unix.SYS_OPENAT, [6]uintptr{bad, 0, unix.O_WRONLY}, unix.EFAULT},
		{"unix socket", unix.SYS_SOCKET, [6]uintptr{unix.AF_UNIX, 0xf}, unix.EINVAL},
		{"landlock", unix.SYS_LANDLOCK_CREATE_RULESET, [6]uintptr{0, 0, 0xffff}, unix.EINVAL},
	}
}

// Each attempt is made without the filter as well. One that fails alike there
// proves nothing; there must be few of them.
func TestInstallInKernel(t *testing.T) {
	o := Options{Families: inet, Process: true, SysV: true}
	for name, asUser := range map[string]bool{"user": true, "as started": false} {
		t.Run(name, func(t *testing.T) {
			all := attempts()
			native, confined := make([]unix.Errno, len(all)), make([]unix.Errno, len(all))
			onThread(t, asUser, func() {
				for i, a := range all {
					native[i] = a.make()
				}
			})
			onThread(t, asUser, func() {
				install(t, o)
				for i, a := range all {
					confined[i] = a.make()
				}
			})
			proofs := 0
			for i, a := range all {
				if confined[i] != a.want {
					t.Errorf("%s: %v, want %v (without the filter: %v)", a.name, confined[i], a.want, native[i])
				}
				if native[i] != a.want {
					proofs++
				}
			}
			t.Logf("%d of %d refusals differ from the unconfined answer", proofs, len(all)-8)
			if proofs < 18 {
				t.Errorf("only %d attempts prove something", proofs)
			}
		})
	}
}

// A filter that stops too much would pass the test above.
func TestInstallLetsProgramsRun(t *testing.T) {
	onThread(t, false, func() {
		install(t, Options{Families: inet, SysV: true, Process: true})
		for _, argv := range [][]string{{"true"}, {"sh", "-c", "ls / | wc -l"}, {"grep", "-q", "^Seccomp:.2", "/proc/self/status"}, {"sh", "-c", "(sleep 0 & wait)"}} {
			if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v %s", argv, err, out)
			}
		}
	})
}

func TestInstallNeedsNoNewPrivs(t *testing.T) {
	prog, err := Compile(abi.Native(), nil)
	if err != nil {
		t.Fatal(err)
	}
	onThread(t, true, func() {
		if set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); set != 0 || err != nil {
			t.Errorf("no_new_privs is set for the tests (%d, %v)", set, err)
			return
		}
		if _, err := Install(prog, 0); !errors.Is(err, unix.EACCES) {
			t.Errorf("Install without no_new_privs: %v", err)
		}
	})
}

func TestInstallOneListenerOnly(t *testing.T) {
	prog, err := Compile(abi.Native(), Rules(full))
	if err != nil {
		t.Fatal(err)
	}
	onThread(t, false, func() {
		noNewPrivs(t)
		l, err := Install(prog, ListenerFlags)
		if err != nil {
			t.Errorf("the first: %v", err)
			return
		}
		defer unix.Close(l)
		if flags, err := unix.FcntlInt(uintptr(l), unix.F_GETFD, 0); flags != unix.FD_CLOEXEC || err != nil {
			t.Errorf("descriptor flags %d, %v", flags, err)
		}
		second, err := Install(prog, ListenerFlags)
		if second != -1 || !errors.Is(err, ErrNested) || !errors.Is(err, unix.EBUSY) {
			t.Errorf("the second: %d, %v", second, err)
		}
	})
}

// The kernel takes the length as 16 bits: 65,537 instructions would be one.
func TestInstallRefusesOtherSizes(t *testing.T) {
	ret := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: uint32(Allow)}}
	onThread(t, false, func() {
		noNewPrivs(t)
		for _, n := range []int{0, maxProgram + 1, 1<<16 + 1} {
			if _, err := Install(slices.Repeat(ret, n), 0); err == nil {
				t.Errorf("%d instructions: no error", n)
			}
		}
		if _, err := Install(ret, 0); err != nil {
			t.Errorf("one instruction: %v", err)
		}
	})
}

// What the filter costs. getppid is always allowed, which the kernel remembers
// (Linux 5.11); the verdict on an ioctl depends on its arguments.
func BenchmarkFilter(b *testing.B) {
	for _, f := range []struct {
		name    string
		install bool
	}{{"none", false}, {"full", true}} {
		for name, a := range map[string]attempt{
			"getppid": {nr: unix.SYS_GETPPID},
			"ioctl":   {nr: unix.SYS_IOCTL, args: [6]uintptr{^uintptr(0), unix.TCGETS}},
		} {
			b.Run(name+"/"+f.name, func(b *testing.B) {
				onThread(b, false, func() {
					if f.install {
						install(b, full)
					}
					for b.Loop() {
						a.make()
					}
				})
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(abi.Native(), Rules(full)); err != nil {
			b.Fatal(err)
		}
	}
}

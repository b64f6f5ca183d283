//go:build linux

package seccomp

import (
	"math/rand/v2"
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

var (
	inet    = []int{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
	full    = Options{Listener: true, Writes: true, Exec: true, Connect: true, Process: true, SysV: true, Families: inet}
	record  = Options{Listener: true, Writes: true, Reads: true, Exec: true, Stats: true, Connect: true, Families: inet}
	silent  = Options{Writes: true, Reads: true, Exec: true, Stats: true, Connect: true, Process: true, SysV: true, Families: inet}
	lenient = Options{Listener: true, Writes: true, Nesting: true, Families: []int{AnyFamily}}
)

var presets = map[string]Options{"zero": {}, "full": full, "record": record, "silent": silent, "lenient": lenient,
	"marks": {Listener: true, Record: true}}

func compiled(t testing.TB, o Options) *machine {
	t.Helper()
	prog, err := Compile(allArches, Rules(o))
	if err != nil {
		t.Fatal(err)
	}
	return newMachine(prog)
}

// on is the verdict on a call by name.
func (m *machine) on(t testing.TB, a abi.Arch, name string, args ...uint64) Verdict {
	t.Helper()
	nr, ok := abi.Number(a, name)
	if !ok {
		t.Fatalf("%v has no %s", a, name)
	}
	c := call{nr: uint32(nr), arch: a.Audit()}
	copy(c.args[:], args)
	v, _ := m.run(c)
	return v
}

func TestRules(t *testing.T) {
	const (
		ask  = Notify
		high = uint64(0xdeadbeef) << 32 // S08
		cwd  = 1<<64 - 100
		ptr  = 0x7ffe00001000
	)
	var (
		eperm   = Errno(unix.EPERM)
		enosys  = Errno(unix.ENOSYS)
		noFam   = Errno(unix.EAFNOSUPPORT)
		noProto = Errno(unix.EPROTONOSUPPORT)
		noType  = Errno(unix.ESOCKTNOSUPPORT)
	)
	nested, any := full, full
	nested.Nesting = true
	any.Families = []int{AnyFamily}
	mute := Options{Listener: true, Families: inet}
	ranged := Options{Listener: true, Families: inet, Fake: true, OwnIDs: true}
	marking := Options{Listener: true, Record: true, Families: inet}
	deaf, handled := marking, marking
	deaf.Listener, handled.Calls = false, []string{"getrandom"}
	for _, tt := range []struct {
		o    Options
		arch abi.Arch
		name string
		args []uint64
		want Verdict
	}{
		// Opens: the flags decide.
		{full, abi.AMD64, "open", []uint64{ptr, unix.O_RDONLY | unix.O_CLOEXEC}, Allow},
		{full, abi.AMD64, "open", []uint64{ptr, unix.O_RDONLY | unix.O_TRUNC}, ask},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW}, Allow},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, high | unix.O_RDONLY}, Allow},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_PATH}, Allow},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_WRONLY}, ask},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_RDWR}, ask},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, 3}, ask},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_CREAT}, ask},
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, 0x400000}, ask}, // __O_TMPFILE
		{full, abi.AMD64, "openat", []uint64{cwd, ptr, high | unix.O_WRONLY}, ask},
		{full, abi.AMD64, "creat", []uint64{ptr, 0}, ask},
		{full, abi.AMD64, "openat2", []uint64{cwd, ptr, ptr, 24}, ask},
		{full, abi.I386, "open", []uint64{0x8000, unix.O_WRONLY}, ask},
		{full, abi.ARM64, "openat", []uint64{cwd, ptr, unix.O_WRONLY}, ask},
		{record, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_RDONLY}, ask},
		{mute, abi.AMD64, "openat2", []uint64{cwd, ptr, ptr, 24}, Allow},
		{silent, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_WRONLY}, Allow},

		// A fake root with a range of ids.
		{ranged, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_WRONLY}, ask},
		{ranged, abi.AMD64, "openat", []uint64{cwd, ptr, unix.O_RDONLY}, Allow},
		{ranged, abi.AMD64, "fstat", []uint64{3, ptr}, Allow},
		{ranged, abi.AMD64, "newfstatat", []uint64{cwd, ptr, ptr, 0}, Allow},
		{ranged, abi.AMD64, "newfstatat", []uint64{cwd, ptr, ptr, unix.AT_SYMLINK_NOFOLLOW}, ask},
		{ranged, abi.AMD64, "lstat", []uint64{ptr, ptr}, ask},
		{ranged, abi.AMD64, "statx", []uint64{cwd, ptr, 0, 0, ptr}, ask},
		{ranged, abi.I386, "getgroups32", nil, ask},
		{ranged, abi.AMD64, "getuid", nil, Allow},
		{ranged, abi.AMD64, "capget", nil, Allow},
		{ranged, abi.AMD64, "truncate", nil, ask},
		{ranged, abi.AMD64, "mkdir", nil, Allow},
		{ranged, abi.AMD64, "execve", nil, Allow},

		// What tells of the machine, if files are recorded.
		{marking, abi.AMD64, "uname", []uint64{ptr}, ask},
		{marking, abi.I386, "oldolduname", []uint64{0x8000}, ask},
		{marking, abi.I386, "olduname", []uint64{0x8000}, ask},
		{marking, abi.ARM64, "sysinfo", []uint64{ptr}, ask},
		{marking, abi.AMD64, "sched_getaffinity", []uint64{0, 128, ptr}, ask},
		{marking, abi.AMD64, "clock_gettime", []uint64{0, ptr}, Allow},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 8, 0}, ask},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 8, unix.GRND_RANDOM}, ask},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 8, unix.GRND_NONBLOCK}, Allow},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 15, high | unix.GRND_NONBLOCK}, Allow},
		{marking, abi.I386, "getrandom", []uint64{0x8000, high | 4, unix.GRND_NONBLOCK}, Allow},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 24, unix.GRND_NONBLOCK}, ask},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 2496, unix.GRND_NONBLOCK}, ask},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, high, unix.GRND_NONBLOCK}, ask},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 2496, unix.GRND_INSECURE}, Allow},
		{marking, abi.AMD64, "getrandom", []uint64{ptr, 16, unix.GRND_INSECURE | unix.GRND_NONBLOCK}, Allow},
		{handled, abi.AMD64, "getrandom", []uint64{ptr, 8, unix.GRND_NONBLOCK}, ask},
		{record, abi.AMD64, "uname", []uint64{ptr}, Allow},
		{deaf, abi.AMD64, "uname", []uint64{ptr}, Allow},

		{full, abi.AMD64, "fchmod", []uint64{3, 0o644}, ask},
		{mute, abi.AMD64, "fchmod", []uint64{3, 0o644}, Allow},
		{mute, abi.AMD64, "fchown", []uint64{3, 12345, 1<<32 - 1}, ask},
		{mute, abi.I386, "chown", nil, ask},
		{silent, abi.AMD64, "fchownat", nil, Allow},
		{full, abi.I386, "lchown32", nil, ask},
		{full, abi.AMD64, "setxattrat", nil, ask},
		{full, abi.AMD64, "newfstatat", nil, Allow},
		{record, abi.AMD64, "newfstatat", nil, ask},
		{full, abi.AMD64, "execveat", nil, ask},
		{mute, abi.AMD64, "execve", nil, Allow},

		{full, abi.AMD64, "connect", nil, ask},
		{full, abi.AMD64, "sendto", []uint64{3, ptr, 5, 0, 0, 0}, Allow},
		{full, abi.AMD64, "sendto", []uint64{3, ptr, 5, 0, ptr, 16}, ask},
		{full, abi.AMD64, "sendto", []uint64{3, ptr, 5, 0, 1 << 32, 16}, ask},
		{full, abi.I386, "sendto", []uint64{3, 0x8000, 5, 0, 1 << 32, 16}, Allow}, // NULL, as the kernel sees it
		{full, abi.AMD64, "sendmmsg", nil, ask},
		{mute, abi.AMD64, "connect", nil, Allow},

		{full, abi.AMD64, "socket", []uint64{unix.AF_UNIX, unix.SOCK_STREAM, 0}, Allow},
		{full, abi.AMD64, "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK, 0}, Allow},
		{full, abi.AMD64, "socket", []uint64{high | unix.AF_INET6, unix.SOCK_DGRAM, unix.IPPROTO_UDP}, Allow},
		{full, abi.AMD64, "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, noProto},
		{full, abi.AMD64, "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP}, noProto},
		{full, abi.AMD64, "socket", []uint64{unix.AF_INET6, unix.SOCK_SEQPACKET, 0}, noType}, // SCTP as well
		{full, abi.AMD64, "socket", []uint64{unix.AF_INET, unix.SOCK_PACKET, 0x300}, noType},
		{full, abi.AMD64, "socket", []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, Allow},
		{full, abi.AMD64, "socket", []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT}, noProto},
		{full, abi.AMD64, "socket", []uint64{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, ask},
		{mute, abi.AMD64, "socket", []uint64{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, noFam},
		{mute, abi.AMD64, "socket", []uint64{high | unix.AF_ALG, unix.SOCK_STREAM, 0}, noFam},
		{silent, abi.ARM64, "socket", []uint64{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, noFam},
		{Options{}, abi.AMD64, "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, 0}, noFam},
		{Options{}, abi.AMD64, "socket", []uint64{unix.AF_UNIX, unix.SOCK_STREAM, 0}, Allow},
		{Options{}, abi.AMD64, "socketpair", []uint64{unix.AF_TIPC, unix.SOCK_STREAM, 0}, noFam},
		{any, abi.AMD64, "socket", []uint64{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, Allow},
		{full, abi.I386, "socketcall", []uint64{1}, ask},
		{full, abi.I386, "socketcall", []uint64{high | 3}, ask},
		{full, abi.I386, "socketcall", []uint64{20}, ask},
		{full, abi.I386, "socketcall", []uint64{10}, Allow}, // recv
		{mute, abi.I386, "socketcall", []uint64{8}, ask},
		{mute, abi.I386, "socketcall", []uint64{3}, Allow},
		{silent, abi.I386, "socketcall", []uint64{1}, enosys},
		{any, abi.I386, "socketcall", []uint64{1}, Allow},
		{any, abi.I386, "socketcall", []uint64{3}, ask},

		{Options{}, abi.AMD64, "ioctl", []uint64{0, unix.TIOCSTI, ptr}, eperm},
		{Options{}, abi.AMD64, "ioctl", []uint64{0, high | unix.TIOCSTI, ptr}, eperm},
		{Options{}, abi.I386, "ioctl", []uint64{0, unix.TIOCLINUX, 0}, eperm},
		{full, abi.AMD64, "ioctl", []uint64{0, unix.TCGETS, ptr}, Allow},
		{full, abi.AMD64, "ioctl", []uint64{3, high | 0x40086602, ptr}, ask},
		{full, abi.I386, "ioctl", []uint64{3, 0x40046602, 0}, ask},
		{full, abi.AMD64, "ioctl", []uint64{3, 0x5000940e, ptr}, ask},
		{silent, abi.AMD64, "ioctl", []uint64{3, 0x40086602, ptr}, Allow},
		{full, abi.AMD64, "ioctl", []uint64{3, 0x8901, ptr}, eperm},
		{mute, abi.AMD64, "ioctl", []uint64{3, 0x8901, ptr}, Allow},

		{full, abi.AMD64, "clone", []uint64{unix.CLONE_VM | unix.CLONE_VFORK | uint64(unix.SIGCHLD)}, Allow},
		{full, abi.AMD64, "clone", []uint64{unix.CLONE_NEWTIME | uint64(unix.SIGCHLD)}, Allow}, // a signal number
		{full, abi.AMD64, "clone", []uint64{unix.CLONE_NEWUSER | uint64(unix.SIGCHLD)}, eperm},
		{full, abi.AMD64, "clone", []uint64{high | unix.CLONE_NEWNS}, eperm},
		{full, abi.AMD64, "clone", []uint64{unix.CLONE_UNTRACED | uint64(unix.SIGCHLD)}, Allow},
		{nested, abi.AMD64, "clone", []uint64{unix.CLONE_NEWUSER}, Allow},
		{full, abi.AMD64, "unshare", []uint64{unix.CLONE_FS | unix.CLONE_FILES}, Allow},
		{full, abi.AMD64, "unshare", []uint64{unix.CLONE_NEWTIME}, eperm},
		{full, abi.AMD64, "unshare", []uint64{unix.CLONE_FS | unix.CLONE_NEWCGROUP}, eperm},
		{full, abi.AMD64, "unshare", []uint64{1 << 40}, eperm},
		{nested, abi.AMD64, "unshare", []uint64{unix.CLONE_NEWTIME}, Allow},
		{nested, abi.AMD64, "clone3", nil, enosys},
		{nested, abi.AMD64, "mount", nil, Allow},
		{full, abi.AMD64, "mount", nil, eperm},
		{full, abi.I386, "umount", nil, eperm},
		{full, abi.AMD64, "fsopen", nil, eperm},

		{Options{}, abi.AMD64, "io_uring_setup", []uint64{1, ptr}, enosys},
		{Options{}, abi.AMD64, "io_uring_enter", nil, enosys},
		{Options{}, abi.AMD64, "keyctl", nil, enosys},
		{Options{}, abi.AMD64, "userfaultfd", []uint64{1}, enosys},
		{Options{}, abi.AMD64, "bpf", nil, eperm},
		{Options{}, abi.AMD64, "open_by_handle_at", nil, eperm},
		{Options{}, abi.AMD64, "seccomp", []uint64{1, 8}, Allow},

		{full, abi.AMD64, "msgget", nil, enosys},
		{full, abi.I386, "ipc", []uint64{13}, enosys},
		{full, abi.AMD64, "mq_open", nil, enosys},
		{mute, abi.AMD64, "shmat", nil, Allow},

		{full, abi.AMD64, "kill", []uint64{1, 9}, ask},
		{silent, abi.AMD64, "kill", []uint64{1, 9}, Allow},
		{mute, abi.AMD64, "kill", []uint64{1, 9}, Allow},
		{full, abi.AMD64, "prlimit64", []uint64{0, 7, ptr}, Allow},
		{full, abi.AMD64, "prlimit64", []uint64{high, 7, ptr}, Allow},
		{full, abi.AMD64, "prlimit64", []uint64{high | 1, 7, ptr}, ask},
		{silent, abi.AMD64, "prlimit64", []uint64{1, 7, ptr}, eperm},
		{full, abi.AMD64, "setpriority", []uint64{unix.PRIO_PROCESS, 0, 5}, Allow},
		{full, abi.AMD64, "setpriority", []uint64{unix.PRIO_USER, 0, 5}, ask},
		{full, abi.AMD64, "ioprio_set", []uint64{1, 0, 5}, Allow},
		{full, abi.AMD64, "ioprio_set", []uint64{3, 0, 5}, ask},
		{full, abi.AMD64, "ptrace", []uint64{0}, Allow}, // TRACEME
		{full, abi.AMD64, "ptrace", []uint64{16, 1}, ask},
		{silent, abi.AMD64, "ptrace", []uint64{0x4206, 1}, eperm},
		{silent, abi.AMD64, "process_vm_writev", []uint64{1}, eperm},
		{full, abi.AMD64, "fcntl", []uint64{0, high | unix.F_SETOWN, 1}, ask},
		{full, abi.I386, "fcntl64", []uint64{0, unix.F_SETOWN_EX, 1}, eperm},
		{full, abi.AMD64, "fcntl", []uint64{0, unix.F_DUPFD_CLOEXEC, 3}, Allow},
		{mute, abi.AMD64, "fcntl", []uint64{0, unix.F_SETOWN, 1}, Allow},
	} {
		if got := compiled(t, tt.o).on(t, tt.arch, tt.name, tt.args...); got != tt.want {
			t.Errorf("%v %s(%#x): %v, want %v", tt.arch, tt.name, tt.args, got, tt.want)
		}
	}
}

// All presets, each number: the program is what the rules say, no instruction
// is without use, and there is room left.
func TestRulesCompile(t *testing.T) {
	for name, o := range presets {
		t.Run(name, func(t *testing.T) {
			m, deepest := compare(t, allArches, Rules(o))
			for i, hits := range m.hits {
				if hits == 0 {
					t.Errorf("instruction %d %+v is never reached", i, m.prog[i])
				}
			}
			t.Logf("%d instructions for %v, at most %d a call", len(m.prog), allArches, deepest)
			if len(m.prog) > maxProgram/2 {
				t.Errorf("%d instructions", len(m.prog))
			}
		})
	}
}

func TestRulesRandomOptions(t *testing.T) {
	coin := func() bool { return rand.IntN(2) == 0 }
	for range 30 {
		o := Options{Listener: coin(), Writes: coin(), Reads: coin(), Exec: coin(), Stats: coin(), Connect: coin(),
			ReportSockets: coin(), Process: coin(), SysV: coin(), Nesting: coin(), Record: coin()}
		for range rand.IntN(4) {
			o.Families = append(o.Families, rand.IntN(46)-1)
		}
		if coin() {
			o.Calls = []string{"getuid", "ioctl", "socket", "mount", "openat"}
		}
		compare(t, abi.Native(), Rules(o))
		if t.Failed() {
			t.Fatalf("options %+v", o)
		}
	}
}

// Z11: a number is refused by the filter or sent, not both, if its arguments do not decide.
func TestRulesAreNotAtOdds(t *testing.T) {
	for name, o := range presets {
		always := map[string]Verdict{}
		for _, r := range Rules(o) {
			if v, ok := always[r.Name]; ok {
				t.Errorf("%s: %s has %v after %v", name, r.Name, r.Do, v)
			}
			if r.When == nil {
				always[r.Name] = r.Do
			}
		}
	}
}

func TestRefusalsDoNotDependOnOptions(t *testing.T) {
	for name, o := range presets {
		m := compiled(t, o)
		for _, row := range abi.Table() {
			if row.Class != abi.NoSys && row.Class != abi.NoPerm {
				continue
			}
			for _, a := range allArches {
				if _, ok := abi.Number(a, row.Name); !ok {
					continue
				}
				if v := m.on(t, a, row.Name, rand.Uint64(), rand.Uint64()); v != Errno(row.Class.Errno()) {
					t.Errorf("%s: %v %s: %v", name, a, row.Name, v)
				}
			}
		}
	}
}

// What is passed is sent for its mark, or not at all; and each mark is one that a record has.
func TestMarkedCallsAreSent(t *testing.T) {
	sent := map[string]bool{}
	for _, r := range Rules(Options{Listener: true, Record: true}) {
		sent[r.Name] = sent[r.Name] || r.Do == Notify
	}
	for _, row := range abi.Table() {
		if row.Class == abi.Pass && sent[row.Name] != (row.Mark != "") {
			t.Errorf("%s is marked %q, and is sent: %v", row.Name, row.Mark, sent[row.Name])
		}
	}
}

func TestNothingIsSentWithoutListener(t *testing.T) {
	o := silent
	o.Calls, o.ReportSockets = []string{"getuid"}, true
	for _, r := range Rules(o) {
		if r.Do == Notify {
			t.Errorf("%+v", r)
		}
	}
}

func TestCalls(t *testing.T) {
	o := Options{Listener: true, Families: inet, Process: true,
		Calls: []string{"getuid", "socket", "ioctl", "mount", "io_uring_setup", "openat", "prlimit64"}}
	m := compiled(t, o)
	for _, tt := range []struct {
		name string
		arg1 uint64
		want Verdict
	}{
		{"getuid", 0, Notify},
		{"getgid", 0, Allow},
		{"openat", 0, Notify},
		{"prlimit64", 0, Notify},
		{"ioctl", unix.TCGETS, Notify},
		{"ioctl", unix.TIOCSTI, Errno(unix.EPERM)}, // refused stays refused
		{"mount", 0, Errno(unix.EPERM)},
		{"io_uring_setup", 0, Errno(unix.ENOSYS)},
	} {
		if got := m.on(t, abi.AMD64, tt.name, 0, tt.arg1); got != tt.want {
			t.Errorf("%s(0, %#x): %v, want %v", tt.name, tt.arg1, got, tt.want)
		}
	}
	if got := m.on(t, abi.AMD64, "socket", unix.AF_INET, unix.SOCK_STREAM); got != Notify {
		t.Errorf("socket(AF_INET), which is allowed: %v", got)
	}
}

func TestCallsThatCannotBeHeld(t *testing.T) {
	for _, name := range []string{"close", "wait4", "clone", "no_such_call"} {
		if _, err := Compile(allArches, Rules(Options{Listener: true, Calls: []string{name}})); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

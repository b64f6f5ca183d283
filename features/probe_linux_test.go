package features

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// since is the first mainline kernel that has a feature; 0 where the host decides and not the kernel.
var since = map[string]float64{
	"user namespaces": 3.08, "mount namespaces": 5.12, "pid namespaces": 3.08, "ipc namespaces": 3.08,
	"uts namespaces": 3.08, "network namespaces": 3.08, "cgroup namespaces": 4.06,
	"tmpfs in a user namespace": 3.08, "recursive read-only mounts": 5.12, "overlayfs in a user namespace": 5.11, "fuse-overlayfs": 0,
	"proc mount": 3.08, "loopback in a network namespace": 3.08,
	"landlock": 5.13, "landlock refer": 5.19, "landlock truncate": 6.02, "landlock bind tcp": 6.07,
	"landlock connect tcp": 6.07, "landlock ioctl dev": 6.10, "landlock scope signal": 6.12,
	"landlock scope abstract unix socket": 6.12,
	"seccomp filter":                      3.17, "seccomp notification": 5.00, "seccomp addfd": 5.09, "seccomp addfd send": 5.14,
	"seccomp wait killable": 6.17, "seccomp sync wake up": 6.06, "386 system calls": 0,
	"pidfd_open": 5.03, "pidfd_getfd": 5.06, "process_vm_readv": 3.02, "ptrace": 3.04, "openat2": 5.06, "fchmodat2": 6.06, "close_range": 5.09,
	"cgroup memory": 0, "cgroup pids": 0, "newuidmap": 0,
}

// Every probe comes to a conclusion, and where the kernel has the feature and nothing is in the way (which the tester
// says by CATBOX_TEST_MUST_RUN=1), to that one.
func TestProbes(t *testing.T) {
	kernel := kernelVersion(t)
	for _, f := range All() {
		t.Run(f.Name, func(t *testing.T) {
			first, known := since[f.Name]
			err := f.Probe()
			t.Logf("%v; hint: %s", err, f.Hint(err))
			switch {
			case !known:
				t.Error("not in the table of this test")
			case err == nil:
			case !errors.Is(err, errors.ErrUnsupported):
				t.Errorf("inconclusive: %v", err)
			case first != 0 && kernel >= first && os.Getenv("CATBOX_TEST_MUST_RUN") == "1":
				t.Errorf("%v; Linux %.2f has it since %.2f", err, kernel, first)
			case f.Hint(err) == "":
				t.Errorf("no hint for %v", err)
			}
		})
	}
}

// kernelVersion returns 6.01 for 6.1 and 6.12 for 6.12.
func kernelVersion(t *testing.T) float64 {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return float64(major) + float64(minor)/100
}

func TestLandlockABIAndProbeAgree(t *testing.T) {
	abi, err := LandlockABI()
	if (err == nil) != (Landlock() == nil) || (err == nil && abi < 1) {
		t.Errorf("ABI %d, %v; probe: %v", abi, err, Landlock())
	}
}

// Where nothing is refused, the same storm without the flag must lose calls: else it proves nothing with it.
func TestStormFindsInterruptedCalls(t *testing.T) {
	for range 200 { // on a busy machine a signal may miss every call of a storm
		if errors.Is(storm(0), errors.ErrUnsupported) {
			return
		}
	}
	t.Error("200 storms interrupted no call that signals may interrupt")
}

func TestLostAnswersAreFound(t *testing.T) {
	good := func() []answer {
		var all []answer
		for i := range stormCalls {
			all = append(all, answer{value: uintptr(i + 1)})
		}
		return all
	}
	if err := inOrder(good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func([]answer) []answer{
		"made twice":  func(a []answer) []answer { return append(a[:5], a[6:]...) },
		"interrupted": func(a []answer) []answer { a[7].errno = unix.EINTR; return a },
		"wrong":       func(a []answer) []answer { a[9].value = 0; return a },
		"short":       func(a []answer) []answer { return a[:stormCalls-1] },
	} {
		if err := inOrder(spoil(good())); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProbesAtOnce(t *testing.T) {
	probes := map[string]func() error{
		"notify": probeNotify, "addfd": probeAddFDSend, "landlock": probeLandlock, "namespaces": probeAllNamespaces,
		"close_range": probeCloseRange, "read": probeProcessVMReadv,
	}
	var wg sync.WaitGroup
	for name, probe := range probes {
		want := probe()
		for range 4 {
			wg.Go(func() {
				if err := probe(); fmt.Sprint(err) != fmt.Sprint(want) {
					t.Errorf("%s: %v beside others, %v alone", name, err, want)
				}
			})
		}
	}
	wg.Wait()
}

func TestForgottenInit(t *testing.T) {
	if err := needsUserNamespace(); err != nil {
		t.Fatalf("the probe that this test uses: %v", err)
	}
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/" + forgetful
	if err := os.WriteFile(path, exe, 0o700); err != nil {
		t.Fatal(err)
	}
	out := output(t, exec.Command(path))
	if !strings.Contains(out[0], errNoInit.Error()) {
		t.Errorf("a program without Init was told %q", out)
	}
}

func TestChildrenStartNoChildren(t *testing.T) {
	t.Setenv(stageEnv, "probe")
	if _, err := startChild("wait", nil); err != errNoInit {
		t.Error(err)
	}
}

func TestRunChildRefusesWhatItDoesNotKnow(t *testing.T) {
	other, err := os.Open(os.DevNull) // where RunChild would answer, unless something is there
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, args := range [][]string{nil, {"unknown"}, {"wait", "more"}} {
		if got := RunChild(args); got != 125 {
			t.Errorf("%q: %d", args, got)
		}
	}
	runtime.GC() // has what is no longer used closed
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
	if _, err := unix.FcntlInt(replyFD, unix.F_GETFD, 0); err != nil {
		t.Errorf("RunChild took the descriptor of another: %v", err)
	}
}

func TestAnswersSurviveThePipe(t *testing.T) {
	for _, want := range []error{nil, refusal{unix.EPERM}, unix.EMFILE, refuse("two\nlines"), fmt.Errorf("a: %w", unix.ENOSPC)} {
		got := decode(encode(want))
		if fmt.Sprint(got) != strings.ReplaceAll(fmt.Sprint(want), "\n", " ") ||
			errors.Is(got, errors.ErrUnsupported) != errors.Is(want, errors.ErrUnsupported) ||
			errors.Is(got, unix.EPERM) != errors.Is(want, unix.EPERM) || errors.Is(got, unix.ENOSPC) != errors.Is(want, unix.ENOSPC) {
			t.Errorf("%v became %v", want, got)
		}
	}
}

func TestFacts(t *testing.T) {
	f := ReadFacts()
	abi, _ := LandlockABI()
	if f.Root != (os.Geteuid() == 0) || f.LandlockABI != abi || !strings.HasPrefix(f.System, "Linux ") {
		t.Errorf("%+v", f)
	}
	onThread(func() error {
		before := ReadFacts().Filters
		if _, err := load(0, onCall(getppid, unix.SECCOMP_RET_ALLOW)); err != nil {
			t.Error(err)
		}
		if f := ReadFacts(); f.Filters != before+1 || !f.NoNewPrivs {
			t.Errorf("under one more filter than %d: %+v", before, f)
		}
		return nil
	})
}

func BenchmarkUserNamespaces(b *testing.B) { benchmark(b, probeUserNamespaces) }
func BenchmarkAllNamespaces(b *testing.B)  { benchmark(b, probeAllNamespaces) }
func BenchmarkLandlock(b *testing.B)       { benchmark(b, probeLandlock) }
func BenchmarkNotify(b *testing.B)         { benchmark(b, probeNotify) }
func BenchmarkStorm(b *testing.B)          { benchmark(b, probeWaitKillable) }
func BenchmarkOverlay(b *testing.B)        { benchmark(b, probeOverlay) }

func benchmark(b *testing.B, probe func() error) {
	for b.Loop() {
		if err := probe(); err != nil {
			b.Fatal(err)
		}
	}
}

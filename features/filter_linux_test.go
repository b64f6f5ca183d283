package features

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// A rule answers a system call in the kernel's place, as containers do.
type rule struct {
	call   uint32
	arg    int    // looked at if mask is not 0: the lower half of it ...
	mask   uint32 // ... under this mask ...
	value  uint32 // ... must be this
	answer unix.Errno
}

func (r rule) program() []unix.SockFilter {
	ret := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(r.answer)}
	test := []unix.SockFilter{}
	if r.mask != 0 {
		test = []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(16 + 8*r.arg)},
			{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: r.mask},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: r.value, Jf: 1},
		}
	}
	head := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: r.call, Jf: uint8(len(test) + 1)},
	}
	return append(append(head, test...), ret)
}

func filterOf(rules []rule) []unix.SockFilter {
	var prog []unix.SockFilter
	for _, r := range rules {
		prog = append(prog, r.program()...)
	}
	return append(prog, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
}

func rules(r ...rule) func() error {
	return func() error { return everywhere(0, filterOf(r)) }
}

// everywhere puts a filter on all threads of this process.
func everywhere(flags uintptr, prog []unix.SockFilter) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, err := sys.SeccompSetModeFilter(unix.SECCOMP_FILTER_FLAG_TSYNC|flags, prog)
	return err
}

// refusedMain makes this process the host of a refusal, and prints what the feature's probe says then, the tier, and
// whether standard input is still open.
func refusedMain(args []string) {
	i, _ := strconv.Atoi(args[0])
	if err := refusals[i].host(); err != nil {
		fmt.Println("host:", err)
		os.Exit(1)
	}
	for _, f := range All() {
		if f.Name == refusals[i].feature {
			fmt.Println(encode(f.Probe()))
		}
	}
	_, err := unix.FcntlInt(0, unix.F_GETFD, 0)
	fmt.Println("stdin:", err)
	fmt.Println("tier", tierText())
}

// The test of the tests is TestProbes: without the refusal, the same probes succeed.
func TestRefusals(t *testing.T) {
	for i, r := range refusals {
		t.Run(strings.ReplaceAll(r.feature, " ", "_")+"/"+r.name, func(t *testing.T) {
			t.Parallel()
			lines := refuseOn(t, i)
			if len(lines) != 3 || lines[1] != "stdin: <nil>" {
				t.Fatalf("said %q", lines)
			}
			err := decode(lines[0])
			if err == nil || errors.Is(err, errors.ErrUnsupported) != r.conclusive {
				t.Errorf("got %q, want a conclusive no: %v", lines[0], r.conclusive)
			}
			if r.cause != 0 && !errors.Is(err, r.cause) {
				t.Errorf("got %q, want %v (%d)", lines[0], r.cause, int(r.cause))
			}
		})
	}
}

func refuseOn(t *testing.T, i int) []string {
	return output(t, &exec.Cmd{Path: "/proc/self/exe", Args: []string{"refused", strconv.Itoa(i)}, SysProcAttr: inUserNamespace(unix.CLONE_NEWNS)})
}

// tierText is the tier and the names of what is missing.
func tierText() string {
	tier, missing := Tier()
	text := strconv.Itoa(tier)
	for _, err := range missing {
		var e *Error
		if errors.As(err, &e) {
			text += ", " + e.Feature
		}
	}
	return text
}

func TestTierNamesWhatIsMissing(t *testing.T) {
	want := map[string]string{
		"user namespaces/clone":                 "2, user namespaces, mount namespaces, pid namespaces, ipc namespaces, uts namespaces, network namespaces",
		"mount namespaces/no open_tree":         "2, mount namespaces",
		"network namespaces/clone":              "2, network namespaces",
		"landlock/not built in":                 "1, landlock",
		"landlock/pretended":                    "1, landlock",
		"seccomp filter/hidden":                 "0, seccomp filter, seccomp notification",
		"seccomp notification/another listener": "0, seccomp notification",
		"openat2/hidden":                        "1",
	}
	for i, r := range refusals {
		tier, tested := want[r.feature+"/"+r.name]
		if !tested {
			continue
		}
		delete(want, r.feature+"/"+r.name)
		if lines := refuseOn(t, i); lines[len(lines)-1] != "tier "+tier {
			t.Errorf("%s: %q, want tier %s", r.name, lines, tier)
		}
	}
	if len(want) > 0 {
		t.Errorf("no such host: %v", want)
	}
}

func TestEveryFeatureIsRefusedOnce(t *testing.T) {
	tried := map[string]bool{"cgroup memory": true, "cgroup pids": true} // cgroup_linux_test.go
	for _, r := range refusals {
		tried[r.feature] = tried[r.feature] || r.conclusive
	}
	for _, f := range All() {
		if !tried[f.Name] {
			t.Errorf("%s is never refused", f.Name)
		}
	}
}

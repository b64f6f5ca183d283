//go:build amd64

package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/policy"
)

// mode is under which policy, and on what host, an attack is confined.
type mode string

const (
	// explain: the walls hold the policy to the path, the supervisor explains.
	explain mode = "explain"
	// mediate: the policy has an expression, so that the walls are wide open
	// around it and the supervisor does every writing call itself.
	mediate mode = "mediate"
	// tier2 and tier2mediate: the same without namespaces.
	tier2        mode = "tier2"
	tier2mediate mode = "tier2-mediate"
	// The same with a fake root, which must open nothing.
	fake             mode = "fake"
	fakeMediate      mode = "fake-mediate"
	fakeTier2        mode = "fake-tier2"
	fakeTier2Mediate mode = "fake-tier2-mediate"
)

var (
	plainModes = []mode{explain, mediate, tier2, tier2mediate}
	fakeModes  = []mode{fake, fakeMediate, fakeTier2, fakeTier2Mediate}
	modes      = slices.Concat(plainModes, fakeModes)
)

// plain is the mode without the fake root.
func (m mode) plain() mode {
	if i := slices.Index(fakeModes, m); i >= 0 {
		return plainModes[i]
	}
	return m
}

func (m mode) fakes() bool { return m.plain() != m }

func (m mode) namespaces() bool { return m.plain() == explain || m.plain() == mediate }

func (m mode) mediates() bool { return m.plain() == mediate || m.plain() == tier2mediate }

// task is what a cell has to do: one program, confined or not.
type task struct {
	Mode    mode // "": unconfined
	Program string
	Target  target
	Exec    string // the program's binary; "" for this one
	Arena   arena

	Stdin      string // a file that the program has as standard input, read-only
	Decoys     bool   // 200 inheritable descriptors of all kinds
	Starve     bool   // the supervisor runs out of descriptors
	Storm      bool   // signals rain on the supervisor
	Deny       []string
	Everywhere bool   // all may be written but what is outside
	Network    string // "" for the mode's default
	Without    string // an outer filter takes a facility away: see withoutCall
	Limit      time.Duration
	Processes  uint64 // a limit
}

// outcome is what a cell tells. Oracles do not believe the program's output
// unless the row is about the filter alone.
type outcome struct {
	Output     string
	Err        string // of the run
	Started    bool
	Exit       int
	TimedOut   bool
	Violations []string
	Calls      uint64
	Degraded   []string
	Noted      []string // paths of what the fake root has noted
}

// target is what a program aims at.
type target struct {
	Dir    string // the directory to change things in
	Home   string // a directory that may be written in any case
	PID    int    // a process outside
	Unix   string // a unix socket, of a stream
	Dgram  string // a unix socket, of datagrams
	Port   int    // on the loopback, TCP
	Key    int    // of a System V shared memory segment, or a name
	Benign bool
	Group  bool // the program changes its group first
}

// runCell is the caller of the sandbox, in a process of its own.
func runCell(arg string) int {
	var t task
	if err := json.Unmarshal([]byte(arg), &t); err != nil {
		panic(err)
	}
	if t.Mode != "" && !t.Mode.namespaces() {
		if err := noMoreNamespaces(); err != nil {
			fmt.Fprintln(os.Stderr, "cell:", err)
			return 125
		}
	}
	if t.Without != "" {
		if err := withoutCall(t.Without); err != nil {
			fmt.Fprintln(os.Stderr, "cell:", err)
			return 125
		}
	}
	out := t.run()
	data, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(data)
	return 0
}

// noMoreNamespaces makes the user namespace that this process was started in
// one in which none can be made below, as on a host that refuses them. Then it
// starts this program again without the capability that this took: ambient
// capabilities are those of each thread.
func noMoreNamespaces() error {
	if os.Getenv("ATTACK_DROPPED") != "" {
		return nil
	}
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		return nil
	}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	if err := sys.SetCaps(0, 0, 0); err != nil {
		return err
	}
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), "ATTACK_DROPPED=1"))
}

func (t task) argv() (string, []string) {
	data, err := json.Marshal(t.Target)
	if err != nil {
		panic(err)
	}
	if t.Exec != "" {
		return t.Exec, []string{t.Exec, t.Program, t.Target.Dir, t.Target.Home}
	}
	exe := filepath.Join(filepath.Dir(t.Arena.Root), "attack")
	return exe, []string{exe, "attack-program", t.Program, string(data)}
}

func (t task) policy() policy.Policy {
	p := policy.ReadOnly().Allow(policy.Write, t.Arena.Allowed)
	if t.Mode.mediates() {
		// The walls are open from the literal part on: the whole arena.
		p = p.Allow(policy.Write, "~^"+t.Arena.Root+"/no-such-[0-9]+$")
	}
	if t.Everywhere {
		p = p.Allow(policy.Write, "/").Deny(policy.Write, t.Arena.Outside)
	}
	for _, path := range t.Deny {
		p = p.Deny(policy.Write, path)
	}
	if !t.Mode.namespaces() {
		p = p.WithNetwork(policy.NetworkNone)
	}
	switch t.Network {
	case "isolated":
		p = p.WithNetwork(policy.NetworkIsolated)
	case "none":
		p = p.WithNetwork(policy.NetworkNone)
	case "host":
		p = p.WithNetwork(policy.NetworkHost)
	}
	return p
}

func (t task) run() outcome {
	stdin, err := os.Open(os.DevNull)
	if t.Stdin != "" {
		stdin, err = os.Open(t.Stdin)
	}
	if err != nil {
		return outcome{Err: err.Error()}
	}
	defer stdin.Close()
	if t.Decoys {
		makeDecoys(t.Arena.Outside)
	}
	if t.Mode == "" {
		return t.unconfined(stdin)
	}
	return t.confined(stdin)
}

func (t task) unconfined(stdin *os.File) outcome {
	path, args := t.argv()
	ctx, cancel := context.WithTimeout(context.Background(), t.limit())
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Args, cmd.Stdin, cmd.Dir = args, stdin, t.Arena.Allowed
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	o := outcome{Output: out.String(), Started: cmd.Process != nil, TimedOut: ctx.Err() != nil}
	if err != nil {
		o.Err = err.Error()
	}
	return o
}

func (t task) confined(stdin *os.File) outcome {
	path, args := t.argv()
	cmd := catbox.Command(path)
	cmd.Args, cmd.Stdin, cmd.Dir = args, stdin, t.Arena.Allowed
	cmd.Policy = t.policy()
	var state *catbox.FakeState
	if t.Mode.fakes() {
		state = catbox.NewFakeState()
		cmd.FakeRoot = &catbox.FakeRoot{State: state}
	}
	cmd.Limits.Time = t.limit()
	cmd.Limits.Processes = t.Processes
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := false
	cmd.Hooks.Initialized = func(int) error {
		started = true
		if t.Starve {
			return starve()
		}
		return nil
	}
	if t.Storm {
		defer storm()()
	}
	err := cmd.Run()
	o := outcome{Output: out.String(), Started: started}
	if err != nil {
		o.Err = err.Error()
	}
	if state != nil {
		for _, e := range state.Entries() {
			o.Noted = append(o.Noted, e.Path)
		}
	}
	r := cmd.Result()
	if r == nil {
		return o
	}
	o.Exit, o.TimedOut, o.Calls, o.Degraded = r.ExitCode, r.TimedOut, r.Calls, r.Degraded
	for _, v := range r.Violations {
		if len(o.Violations) < 200 {
			o.Violations = append(o.Violations, v.String())
		}
	}
	return o
}

func (t task) limit() time.Duration {
	if t.Limit > 0 {
		return t.Limit
	}
	return 20 * time.Second
}

// makeDecoys opens what a careless caller may have open, inheritable.
func makeDecoys(dir string) {
	keep := func(fd int, err error) {
		if err == nil {
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
		}
	}
	for range 50 {
		keep(unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0))
		keep(unix.Open(dir, unix.O_PATH, 0))
		keep(unix.Open(dir+"/f", unix.O_RDWR, 0))
		keep(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0))
	}
}

// starve leaves this process no descriptor to open.
func starve() error {
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: 4096})
}

// storm sends signals to this process, which it takes, until the returned function is called.
func storm() func() {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, unix.SIGURG, unix.SIGWINCH, unix.SIGUSR1)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-ch:
			default:
			}
			for _, entry := range tasks() {
				unix.Tgkill(os.Getpid(), entry, unix.SIGUSR1)
			}
		}
	}()
	return func() { close(stop) }
}

func tasks() []int {
	entries, _ := os.ReadDir("/proc/self/task")
	var ids []int
	for _, e := range entries {
		ids = append(ids, atoi(e.Name()))
	}
	return ids
}

// startCell starts a cell. For a tier without namespaces it is put into a user
// namespace in which it can forbid them.
func startCell(t task) (*exec.Cmd, *bytes.Buffer, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, "attack-cell", string(data))
	cmd.Dir = base
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if t.Mode != "" && !t.Mode.namespaces() {
		cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = idMaps()
		cmd.SysProcAttr.GidMappingsEnableSetgroups = os.Geteuid() == 0
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_RESOURCE}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	cmd.WaitDelay = 2 * time.Second
	return cmd, &out, cmd.Start()
}

func idMaps() (uids, gids []syscall.SysProcIDMap) {
	if os.Geteuid() == 0 {
		all := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65534}}
		return all, all
	}
	return []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		[]syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
}

var errHung = errors.New("the caller of the sandbox hung")

// runTask runs a cell to its end.
func runTask(t task) (outcome, error) {
	cmd, out, err := startCell(t)
	if err != nil {
		return outcome{}, err
	}
	hung := time.AfterFunc(t.limit()+10*time.Second, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	if !hung.Stop() {
		return outcome{}, errHung
	}
	if err != nil {
		return outcome{}, err
	}
	var o outcome
	return o, json.Unmarshal(out.Bytes(), &o)
}

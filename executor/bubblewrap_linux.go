package executor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/catbox-go/catbox"
)

// Bubblewrap runs the command by bwrap(1), which needs user namespaces or root.
type Bubblewrap struct {
	// Configure, if not nil, has catbox stand in front of the command inside
	// (see [Supervised]), and is called with each as in Native. Nil: bwrap is alone,
	// and nothing is told of what the command was denied.
	Configure func(*catbox.Cmd)

	found *program // nil: bwrap
}

// bwrap is the program, found once for all.
var bwrap = newBwrap()

func newBwrap() *program {
	return &program{
		executor: "bubblewrap", name: "bwrap", install: "it is in the Debian package bubblewrap",
		probe: []string{"--ro-bind", "/", "/"}, network: "--unshare-net",
	}
}

func (b *Bubblewrap) program() *program {
	if b.found == nil {
		return bwrap
	}
	return b.found
}

// Name is "bubblewrap".
func (*Bubblewrap) Name() string { return "bubblewrap" }

// Capabilities asks bwrap what works here, and the kernel whether catbox can stand
// in front of the command.
func (b *Bubblewrap) Capabilities() Capabilities {
	return supervisable(b.program().capabilities("bind", "proc", "tmpfs", "mqueue", "dev"))
}

// Run runs the command.
func (b *Bubblewrap) Run(ctx context.Context, spec Spec) (Result, error) {
	if b.Configure != nil {
		return runSupervised(ctx, b, spec, b.Configure)
	}
	spec, err := check(b, spec)
	if err != nil {
		return Result{}, err
	}
	if err := errors.Join(spec.checkProgram(), spec.checkDir()); err != nil {
		return Result{}, err
	}
	argv, err := b.commandLine(&spec)
	if err != nil {
		return Result{}, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return Result{}, err
	}
	defer r.Close()
	p := &process{spec: &spec, argv: argv, extra: []*os.File{w}, started: func() { w.Close() }}
	result, err := p.run(ctx)
	w.Close()
	if err != nil {
		return result, err
	}
	return bwrapResult(result, r)
}

// bwrapResult tells by the status that bwrap wrote whether the command ran: an
// exit code is there only if it did. bwrap reports a signal as 128 and its number.
func bwrapResult(r Result, status io.Reader) (Result, error) {
	for d := json.NewDecoder(status); ; {
		var line struct {
			ExitCode *int `json:"exit-code"`
		}
		if err := d.Decode(&line); err != nil {
			break
		}
		if line.ExitCode == nil {
			continue
		}
		if n := *line.ExitCode - 128; n > 0 && n <= lastSignal {
			r.Signal = syscall.Signal(n)
		}
		return r, nil
	}
	if r.Signal != 0 {
		return r, fmt.Errorf("bubblewrap: bwrap was ended by signal %v", r.Signal)
	}
	text := "bwrap's message is on the command's standard error"
	if i := bytes.LastIndex(r.Err, []byte("bwrap: ")); i >= 0 {
		text = firstLine(r.Err[i:])
	}
	return Result{}, fmt.Errorf("bubblewrap: the command has not run: %s", text)
}

// lastSignal is the highest signal number (SIGRTMAX).
const lastSignal = 64

// commandLine is that of bwrap 0.5.0 or later.
func (b *Bubblewrap) commandLine(s *Spec) ([]string, error) {
	args, err := bwrapArgs(s, s.Mounts == Isolated)
	if err != nil {
		return nil, err
	}
	argv := append([]string{b.program().path, "--json-status-fd", "3"}, args...)
	argv = append(argv, "--chdir", s.Dir, "--")
	return append(argv, s.Command...), nil
}

// bwrapArgs are the arguments for the namespaces and the mounts. All ends with
// catbox, and in a pid namespace with the outermost bwrap.
func bwrapArgs(s *Spec, processes bool) ([]string, error) {
	steps, err := s.view()
	if err != nil {
		return nil, err
	}
	args := []string{"--die-with-parent"}
	if s.Network == Isolated {
		args = append(args, "--unshare-net")
	}
	if processes {
		args = append(args, "--unshare-pid", "--unshare-ipc")
	}
	if processes || !s.Writable.All() {
		// By it root could undo the mounts. Without root there is none to drop.
		args = append(args, "--cap-drop", "CAP_SYS_ADMIN")
	}
	more, err := bwrapSteps(steps)
	return slices.Concat(args, bwrapRoot(s), more), err
}

// devices are what programs need of a read-only /dev.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts"}

// bwrapRoot puts the root in its place. Devices are usable in it where they are
// outside: --bind and --ro-bind would make them dead, /dev/null too.
func bwrapRoot(s *Spec) []string {
	if s.Writable.All() {
		return []string{"--dev-bind", s.Root, "/"}
	}
	args := []string{"--ro-bind", s.Root, "/"}
	dev := filepath.Join(s.Root, "dev")
	if st, err := os.Lstat(dev); err != nil || !st.IsDir() || slices.ContainsFunc(s.ExtraMounts, func(m Mount) bool { return targetOf(m) == "/dev" }) {
		return args
	}
	for _, name := range devices {
		path := filepath.Join(dev, name)
		if st, err := os.Lstat(path); err == nil && (st.IsDir() && s.Root == "/" || st.Mode()&os.ModeDevice != 0) {
			args = append(args, "--dev-bind", path, "/dev/"+name)
		}
	}
	return args
}

func bwrapSteps(steps []step) ([]string, error) {
	var args, last []string
	for _, st := range steps {
		a, err := bwrapStep(st)
		if err != nil {
			return nil, err
		}
		args = append(args, a...)
		if st.readOnly && st.kind != "bind" {
			last = append(last, "--remount-ro", st.target) // when there is something in it
		}
	}
	return append(args, last...), nil
}

func bwrapStep(st step) ([]string, error) {
	switch st.kind {
	case "bind":
		if err := onlyOptions("bubblewrap", st.mount, "bind", "rbind", "ro", "rw", "dev", "nodev", "nosuid", "defaults"); err != nil {
			return nil, err
		}
		return []string{bwrapBind(st), st.source, st.target}, nil
	case "remount":
		if !st.mount.Has("ro") {
			return nil, &UnsupportedError{"bubblewrap", "ExtraMounts", st.mount.String(), []string{"remount,ro"}}
		}
		return nil, onlyOptions("bubblewrap", st.mount, "remount", "ro", "bind", "defaults")
	case "tmpfs":
		return bwrapTmpfs(st)
	}
	err := onlyOptions("bubblewrap", st.mount, "ro", "rw", "nosuid", "nodev", "noexec", "defaults")
	return []string{"--" + st.kind, st.target}, err
}

func bwrapBind(st step) string {
	switch {
	case st.readOnly:
		return "--ro-bind"
	case st.mount.Has("dev") || st.mount.Target == "":
		return "--dev-bind"
	}
	return "--bind"
}

func bwrapTmpfs(st step) ([]string, error) {
	var args []string
	known := []string{"ro", "rw", "nosuid", "nodev", "defaults"}
	for _, o := range st.mount.Options {
		if mode, ok := strings.CutPrefix(o, "mode="); ok {
			args, known = append(args, "--perms", mode), append(known, o)
		}
		if size, ok := byteSize(o); ok {
			args, known = append(args, "--size", size), append(known, o)
		}
	}
	return append(args, "--tmpfs", st.target), onlyOptions("bubblewrap", st.mount, known...)
}

// byteSize is the size= option of tmpfs(5) in bytes.
func byteSize(option string) (bytes string, ok bool) {
	text, ok := strings.CutPrefix(strings.ToLower(option), "size=")
	if !ok || text == "" {
		return "", false
	}
	shift := map[byte]uint{'k': 10, 'm': 20, 'g': 30}[text[len(text)-1]]
	if shift > 0 {
		text = text[:len(text)-1]
	}
	n, err := strconv.ParseUint(text, 10, 64-int(shift))
	return strconv.FormatUint(n<<shift, 10), err == nil
}

// onlyOptions refuses options other than known.
func onlyOptions(executor string, m Mount, known ...string) error {
	if others := others(m, known...); len(others) > 0 {
		return &UnsupportedError{executor, "ExtraMounts", strings.Join(others, ","), known}
	}
	return nil
}

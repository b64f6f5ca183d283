//go:build amd64

package attack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// verdict is what came of a row.
type verdict string

const (
	blocked       verdict = "BLOCKED"
	escaped       verdict = "ESCAPED"
	invalid       verdict = "INVALID" // the control arm did not succeed
	notApplicable verdict = "N/A"
	broken        verdict = "BROKEN" // the benign twin did not succeed
	hung          verdict = "HUNG"
)

// worst is the order in which results are put together.
var worst = []verdict{escaped, hung, broken, blocked, invalid, notApplicable}

type result struct {
	verdict verdict
	notes   []string
}

func (r *result) add(v verdict, format string, args ...any) {
	if r.verdict == "" || slices.Index(worst, v) < slices.Index(worst, r.verdict) {
		r.verdict = v
	}
	if format != "" {
		r.notes = append(r.notes, fmt.Sprintf(format, args...))
	}
}

// arm is one run of a program, with what it did as seen from outside.
type arm struct {
	success bool
	how     string
	out     outcome
	err     error
	place   arena
}

// runArm runs a program against the target, in a fresh arena.
func (r row) runArm(m mode, program string, benign bool) (a arm) {
	place, err := newArena()
	if err != nil {
		return arm{err: err}
	}
	defer removeAll(place.Root)
	a.place = place
	t := r.newTask(m, program, place, benign)
	if t.Exec == "" && r.i386 {
		return arm{err: errNoCompiler}
	}
	around, err := startSurroundings(&t, program, benign)
	defer around.stop()
	if err != nil {
		return arm{err: err}
	}

	look := func() (snapshot, string) { s, _ := r.look(t, benign); return s, around.victim.state() }
	before, victimBefore := look()
	a.out, a.err = runTask(t)
	if a.err != nil {
		return a
	}
	believed := r.oracle == told || benign && r.benignTold
	if !believed {
		around.settle(benign || m == "", func() bool { return around.heard.Load() > 0 || around.victim.state() != victimBefore })
	}
	after, victimAfter := look()
	switch {
	case believed:
		a.success, a.how = strings.Contains(a.out.Output, "done"), a.out.Output
	case r.oracle == canary:
		a.success, a.how = around.heard.Load() > 0, fmt.Sprint("heard ", around.heard.Load())
	case r.oracle == passed:
		a.success, a.how = around.files.Load() > 0, fmt.Sprint("passed ", around.files.Load())
	case r.oracle == process:
		a.success, a.how = victimBefore != victimAfter, "before: "+victimBefore+"\nafter: "+victimAfter
	default:
		changes := before.changes(after)
		a.success, a.how = len(changes) > 0, strings.Join(changes, "\n")
	}
	return a
}

var errNoCompiler = errors.New("no compiler for 32-bit programs")

func (r row) newTask(m mode, program string, place arena, benign bool) task {
	t := r.task
	t.Mode, t.Program, t.Arena = m, program, place
	t.Target = target{Dir: place.Outside, Home: place.Allowed, Benign: benign, Group: r.group && m != ""}
	if benign || r.inside {
		t.Target.Dir = place.Twin
	}
	if r.oracle == protected {
		if r.exists {
			_ = os.MkdirAll(filepath.Join(place.Twin, protect), 0o755)
		}
		if m != "" && !benign {
			t.Deny = []string{filepath.Join(place.Twin, protect)}
		}
	}
	if r.everywhere && m != "" && !benign {
		t.Everywhere = true
	}
	if r.stdin != "" {
		t.Stdin = filepath.Join(t.Target.Dir, r.stdin)
	}
	if r.i386 {
		t.Exec = need32()
	}
	return t
}

// look takes the snapshot of what the oracle watches.
func (r row) look(t task, benign bool) (snapshot, error) {
	switch {
	case r.oracle == protected:
		return placeOf(filepath.Join(t.Arena.Twin, protect)), nil
	case r.oracle == unowned:
		return special(t.Arena.Root), nil
	case r.inside:
		return unusual(t.Arena.Twin), nil
	case benign:
		return takeSnapshot(t.Target.Dir)
	}
	s, err := takeSnapshot(t.Arena.Root)
	for path := range s {
		// The sockets of the canaries are not the arena's, and what is allowed may change.
		if path == t.Arena.Root || under(path, t.Arena.Allowed) || strings.HasSuffix(path, ".sock") && filepath.Dir(path) == t.Arena.Root {
			delete(s, path)
		}
	}
	return s, err
}

func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// placeOf tells which file is at a path.
func placeOf(path string) snapshot {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return snapshot{}
	}
	return snapshot{path: fmt.Sprint(st.Dev, st.Ino)}
}

// unusual lists what no program is to make anywhere: devices, trusted
// attributes, file capabilities, immutable files.
func unusual(dir string) snapshot {
	all, _ := takeSnapshot(dir)
	s := snapshot{}
	for path, line := range all {
		var st unix.Stat_t
		_ = unix.Lstat(path, &st)
		kind := st.Mode & unix.S_IFMT
		if kind == unix.S_IFBLK || kind == unix.S_IFCHR || strings.Contains(line, "trusted.") || strings.Contains(line, "security.capability") || fileFlags(path)&unix.STATX_ATTR_IMMUTABLE != 0 {
			s[path] = line
		}
	}
	return s
}

// try runs the three arms of a program.
func (r row) try(m mode, program string) (res result) {
	if r.noControl == "" {
		control := r.control(program)
		if control.err != nil {
			res.add(invalid, "%s: %v", program, control.err)
			return res
		}
		if !control.success {
			res.add(invalid, "%s: unconfined: %s%s", program, oneLine(control.out.Output), control.out.Err)
			return res
		}
	}
	attack := r.runArm(m, program, false)
	r.judge(&res, program, attack)
	r.judgeFake(&res, m, program, attack)
	if r.noBenign != "" || res.verdict == escaped || slices.Contains(r.noTwin[program], m) || slices.Contains(r.noTwin[program], m.plain()) {
		return res
	}
	benign := r.runArm(m, program, true)
	switch {
	case errors.Is(benign.err, errHung), benign.out.TimedOut:
		res.add(hung, "%s: benign twin", program)
	case benign.err != nil:
		res.add(broken, "%s: benign twin: %v", program, benign.err)
	case !benign.success:
		res.add(broken, "%s: benign twin: %s%s %v", program, oneLine(benign.out.Output), benign.out.Err, benign.out.Violations)
	}
	return res
}

func (r row) judge(res *result, program string, attack arm) {
	switch {
	case errors.Is(attack.err, errHung), attack.out.TimedOut:
		res.add(hung, "%s: %s", program, oneLine(attack.out.Output))
	case attack.err != nil:
		res.add(broken, "%s: %v", program, attack.err)
	case attack.success:
		res.add(escaped, "%s: %s\n  %s%v", program, attack.how, oneLine(attack.out.Output), attack.out.Err)
	case !attack.out.Started:
		res.add(broken, "%s: was not started: %s", program, attack.out.Err)
	default:
		res.add(blocked, "")
		r.count(res, program, attack.out.Output)
	}
}

// judgeFake: a fake root notes nothing of what may not be written, and pretends
// nothing that would have been refused without it.
func (r row) judgeFake(res *result, m mode, program string, attack arm) {
	for _, path := range attack.out.Noted {
		if under(path, attack.place.Root) && !under(path, attack.place.Allowed) {
			res.add(escaped, "%s: noted %s", program, path)
		}
	}
	if !m.fakes() || r.race || r.inside || !pretends(attack) {
		return
	}
	if without := r.runArm(m.plain(), program, false); without.err == nil && !pretends(without) {
		res.add(escaped, "%s: was told that it succeeded; without a fake root: %s", program, oneLine(without.out.Output))
	}
}

func pretends(a arm) bool { return strings.Contains(a.out.Output, "done") }

// count tells how good a race's figures are.
func (r row) count(res *result, program, output string) {
	if !r.race {
		return
	}
	var tries, windows int
	at := strings.Index(output, "tries=")
	if at < 0 {
		res.add(broken, "%s: did not race: %s", program, oneLine(output))
		return
	}
	fmt.Sscanf(output[at:], "tries=%d windows=%d", &tries, &windows)
	bound := "no bound"
	if windows > 0 {
		bound = fmt.Sprintf("rate < %.2g (95 %%)", 3/float64(windows))
	}
	res.add(blocked, "%s: 0 escapes in %d windows of %d tries: %s", program, windows, tries, bound)
}

func oneLine(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ") + " " }

// controls remembers the control arm, which is the same in every mode.
var controls sync.Map

func (r row) control(program string) arm {
	once, _ := controls.LoadOrStore(r.id+" "+program, sync.OnceValue(func() arm { return r.runArm("", program, false) }))
	return once.(func() arm)()
}

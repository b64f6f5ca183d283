//go:build amd64

package attack

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// prepared makes a task for a row of its own.
func prepared(m mode, program string) (task, func(), error) {
	place, err := newArena()
	t := task{Mode: m, Program: program, Arena: place, Target: target{Dir: place.Outside, Home: place.Allowed}}
	return t, func() { removeAll(place.Root) }, err
}

func failed(err error) result { return result{broken, []string{err.Error()}} }

// daemons must all be gone when the run's result is there. They carry the path
// of the arena in their command lines.
func daemons(m mode) (res result) {
	t, done, err := prepared(m, "daemons")
	defer done()
	if err != nil {
		return failed(err)
	}
	token := t.Arena.Root
	t.Mode = ""
	if _, err := runTask(t); err != nil {
		return failed(err)
	}
	if endAll(token) == 0 {
		return result{invalid, []string{"unconfined, none outlives its parent"}}
	}
	t.Mode = m
	out, err := runTask(t)
	if err != nil {
		return failed(err)
	}
	if n := endAll(token); n > 0 {
		return result{escaped, []string{fmt.Sprintf("%d daemons outlived the run", n)}}
	}
	if !strings.Contains(out.Output, "done") {
		return result{broken, []string{out.Output + out.Err}}
	}
	res.add(blocked, "%d daemons ended", 30)
	return res
}

// callerKilled kills the caller of the sandbox without warning.
func callerKilled(m mode) (res result) {
	for _, after := range []time.Duration{0, 5, 15, 30, 60, 150, 400} {
		t, done, err := prepared(m, "stay")
		if err != nil {
			return failed(err)
		}
		cmd, _, err := startCell(t)
		if err != nil {
			done()
			return failed(err)
		}
		time.Sleep(after * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		if !gone(t.Arena.Root, 5*time.Second) {
			res.add(escaped, "killed after %d ms: the run lives on", after)
			endAll(t.Arena.Root)
			done()
			return res
		}
		done()
	}
	res.add(blocked, "")
	return res
}

// supervisorKilled kills it between the look at a call and the act.
func supervisorKilled(m mode) (res result) {
	for i := range 12 {
		t, done, err := prepared(m, "restless")
		if err != nil {
			return failed(err)
		}
		r := row{}
		before, _ := r.look(t, false)
		cmd, _, err := startCell(t)
		if err != nil {
			done()
			return failed(err)
		}
		time.Sleep(80*time.Millisecond + time.Duration(i*i)*700*time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		if !gone(t.Arena.Root, 5*time.Second) {
			endAll(t.Arena.Root)
			done()
			return result{escaped, []string{"the run lives on"}}
		}
		after, _ := r.look(t, false)
		if changes := before.changes(after); len(changes) > 0 {
			res.add(escaped, "%s", strings.Join(changes, "\n"))
		}
		done()
	}
	res.add(blocked, "")
	return res
}

// lacksWall runs on kernels that lack something, which an outer filter plays.
// The program must not run.
func lacksWall(m mode) (res result) {
	for _, lack := range []string{"listener", "isolated", "close_range"} {
		t, done, err := prepared(m, "nop")
		if err != nil {
			return failed(err)
		}
		switch {
		case lack == "isolated" && m.namespaces():
			done()
			continue
		case lack == "isolated":
			t.Network = lack
		default:
			t.Without = lack
		}
		out, err := runTask(t)
		done()
		switch {
		case err != nil:
			res.add(broken, "without %s: %v", lack, err)
		case strings.Contains(out.Output, "done"):
			res.add(escaped, "without %s: the program ran", lack)
		case out.Err == "":
			res.add(broken, "without %s: no error", lack)
		default:
			res.add(blocked, "without %s: %s", lack, out.Err)
		}
	}
	return res
}

// badInputs must get the kernel's own answers.
func badInputs(m mode) (res result) {
	t, done, err := prepared("", "bad-input")
	if err != nil {
		return failed(err)
	}
	t.Target.Dir = t.Arena.Twin
	native, err := runTask(t)
	done()
	if err != nil || !strings.Contains(native.Output, "done") {
		return result{invalid, []string{fmt.Sprint(err, native.Output)}}
	}
	t, done, err = prepared(m, "bad-input")
	defer done()
	if err != nil {
		return failed(err)
	}
	t.Target.Dir = t.Arena.Twin
	out, err := runTask(t)
	switch {
	case errors.Is(err, errHung) || out.TimedOut:
		return result{hung, nil}
	case err != nil:
		return failed(err)
	}
	want, got := strings.Split(native.Output, "\n"), strings.Split(out.Output, "\n")
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			res.add(broken, "%s, natively: %s", got[i], want[i])
		}
	}
	if len(want) != len(got) {
		res.add(broken, "%d answers, natively %d", len(got), len(want))
	}
	res.add(blocked, "%d answers compared", len(want))
	return res
}

// recordsKept counts violations.
func recordsKept(m mode) (res result) {
	t, done, err := prepared(m, "violations")
	defer done()
	if err != nil {
		return failed(err)
	}
	out, err := runTask(t)
	if err != nil {
		return failed(err)
	}
	if len(out.Violations) != 200 || out.Calls < 2000 {
		return result{escaped, []string{fmt.Sprintf("%d violations, %d calls", len(out.Violations), out.Calls)}}
	}
	return result{blocked, nil}
}

// recordsForged: what the program writes, and what it names its files, makes no line of its own.
func recordsForged(m mode) (res result) {
	t, done, err := prepared(m, "forge")
	defer done()
	if err != nil {
		return failed(err)
	}
	out, err := runTask(t)
	if err != nil {
		return failed(err)
	}
	if len(out.Violations) != 1 {
		return result{escaped, []string{fmt.Sprintf("%d records: %q", len(out.Violations), out.Violations)}}
	}
	if strings.ContainsAny(out.Violations[0], "\n\x1b") {
		return result{escaped, []string{fmt.Sprintf("%q", out.Violations[0])}}
	}
	return result{blocked, nil}
}

// forkBomb is held by the limit of processes, and ends in time. As root only a
// control group holds it; where there is none, the limit is an error.
func forkBomb(m mode) (res result) {
	t, done, err := prepared(m, "fork-bomb")
	defer done()
	if err != nil {
		return failed(err)
	}
	t.Processes, t.Limit = 200, 3*time.Second
	out, err := runTask(t)
	switch {
	case errors.Is(err, errHung):
		return result{hung, nil}
	case err != nil:
		return failed(err)
	case !out.Started:
		return result{notApplicable, []string{out.Err}}
	}
	if !gone(t.Arena.Root, 2*time.Second) {
		res.add(escaped, "processes are left")
	}
	res.add(blocked, "")
	return res
}

// endAll ends the processes that have the token, and tells how many there were.
func endAll(token string) int {
	pids := withToken(token)
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	return len(pids)
}

// i386Socket: what the supervisor makes for a 32-bit program comes to be there.
func i386Socket(m mode) result {
	a := row{i386: true, oracle: told}.runArm(m, "socketcall-unix", true)
	switch {
	case a.err == errNoCompiler:
		return result{invalid, []string{a.err.Error()}}
	case a.err != nil:
		return failed(a.err)
	case !a.success:
		return result{broken, []string{a.out.Output + a.out.Err}}
	}
	return result{blocked, nil}
}

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/catbox-go/catbox/executor"
	"github.com/catbox-go/catbox/record"
)

// The names of executors that the command line does something of its own for.
const (
	native   = "native"
	landlock = "landlock"
)

// Who can do what. Whether a program can here, it says itself.
var (
	catboxes = []string{native, landlock}
	fronted  = []string{native, landlock, "bubblewrap", "chroot"} // catbox stands in front of the command
	rooted   = []string{native, "bubblewrap", "linux-user-chroot", "chroot"}
	isolated = []string{native, "bubblewrap", "linux-user-chroot"}
)

// need is something that not every executor can do.
type need struct {
	flag  string
	value func(o *runOptions, s *settings) string // "" if it is not asked for
	can   []string
	drop  func(o *runOptions, s *settings) // nil: without it another command would run
}

// needs has the flags of catbox run that not every executor can do. Those that
// are not here, each can.
var needs = []need{
	{"root", func(_ *runOptions, s *settings) string { return s.Root }, rooted, nil},
	{"overlay", func(_ *runOptions, s *settings) string { return s.Overlay }, []string{native}, nil},
	{"install-to", func(o *runOptions, _ *settings) string { return o.installTo }, []string{native}, nil},
	listNeed("bind", func(s *settings) *[]string { return &s.Bind }, rooted, false),
	listNeed("tmpfs", func(s *settings) *[]string { return &s.Tmpfs }, rooted, false),
	listNeed("proc", func(s *settings) *[]string { return &s.Proc }, rooted, false),
	listNeed("mount", func(s *settings) *[]string { return &s.Mount }, rooted, false),
	listNeed("dev", func(s *settings) *[]string { return &s.Dev }, []string{native}, false),
	listNeed("read", func(s *settings) *[]string { return &s.Read }, catboxes, true),
	listNeed("hide", func(s *settings) *[]string { return &s.Hide }, []string{native}, true),
	listNeed("no-write", func(s *settings) *[]string { return &s.NoWrite }, fronted, true),
	listNeed("allow-connect", func(s *settings) *[]string { return &s.AllowConnect }, catboxes, true),
	{"net", netIsolated, isolated, func(_ *runOptions, s *settings) { s.Net = "host" }},
	{"net", netNone, fronted, func(_ *runOptions, s *settings) { s.Net = "host" }},
	{"write", writeExpression, fronted, nil},
	{"on-violation", func(_ *runOptions, s *settings) string { return unless(s.OnViolation, "deny") }, fronted, func(_ *runOptions, s *settings) { s.OnViolation = "" }},
	{"violations", func(o *runOptions, _ *settings) string { return o.violations }, fronted, func(o *runOptions, _ *settings) { o.violations = "" }},
	{"strict", func(_ *runOptions, s *settings) string { return flagText(given(s.Strict)) }, fronted, func(_ *runOptions, s *settings) { s.Strict = nil }},
	{"limit", func(_ *runOptions, s *settings) string { return limitFlag{&s.Limit}.String() }, fronted, func(_ *runOptions, s *settings) { s.Limit = nil }},
	{"fakeroot", func(o *runOptions, _ *settings) string { return flagText(o.fake.on) }, fronted, nil},
	{"record", func(o *runOptions, _ *settings) string { return o.record.file }, fronted, nil},
	{"json-status-fd", func(o *runOptions, _ *settings) string { return number(o.statusFD) }, fronted, nil},
}

// listNeed is of a flag that can be repeated.
func listNeed(flag string, of func(*settings) *[]string, can []string, isolates bool) need {
	n := need{flag: flag, can: can, value: func(_ *runOptions, s *settings) string { return strings.Join(*of(s), " ") }}
	if isolates {
		n.drop = func(_ *runOptions, s *settings) { *of(s) = nil }
	}
	return n
}

func netIsolated(_ *runOptions, s *settings) string {
	if s.Net == "" && s.Executor == landlock {
		return "" // not asked for: none is what comes closest
	}
	if s.Net == "" || s.Net == "isolated" {
		return "isolated"
	}
	return ""
}

func netNone(_ *runOptions, s *settings) string {
	if s.Net == "none" {
		return s.Net
	}
	return ""
}

func writeExpression(_ *runOptions, s *settings) string {
	i := slices.IndexFunc(s.Write, func(path string) bool { return strings.HasPrefix(path, "~") })
	if i < 0 {
		return ""
	}
	return s.Write[i]
}

func unless(value, usual string) string {
	if value == usual {
		return ""
	}
	return value
}

func flagText(on bool) string {
	if on {
		return "true"
	}
	return ""
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// chooseExecutor returns the executor of the settings; nil if catbox itself does it. What
// it cannot do is an error, or given up and listed where the settings allow that.
func (o *runOptions) chooseExecutor(s *settings) (executor.Executor, error) {
	if s.Executor == "" {
		return nil, nil
	}
	e, err := executor.Get(s.Executor)
	if err != nil {
		return nil, usage("--%w", err)
	}
	s.Executor = e.Name()
	if err := e.Capabilities().Err; err != nil {
		return nil, err
	}
	for _, n := range needs {
		value := n.value(o, s)
		if value == "" || slices.Contains(n.can, e.Name()) {
			continue
		}
		if n.drop == nil || !given(s.Degrade) {
			return nil, &executorError{n, value, e.Name()}
		}
		n.drop(o, s)
		say("not enforced: --%s %s (executor %s)", n.flag, record.Quote(value), e.Name())
	}
	if slices.Contains(catboxes, e.Name()) {
		return nil, nil
	}
	return e, nil
}

// executorError says that an executor cannot do what a flag asks for.
type executorError struct {
	need
	value    string
	executor string
}

func (e *executorError) Error() string {
	flag := "--" + e.flag + " " + record.Quote(e.value)
	if e.value == "true" {
		flag = "--" + e.flag
	}
	return fmt.Sprintf("%s: the executor %s cannot do that: it can be had with %s", flag, e.executor, strings.Join(e.can, ", "))
}

func hintExecutor(err error) string {
	e, ok := err.(*executorError)
	switch {
	case !ok:
		return ""
	case e.flag == "net" && e.executor == "chroot":
		return "it shares the host's network: say so by --net host, have none by --net none, or --degrade, which lists what is given up"
	case e.drop != nil:
		return "--degrade runs without, and lists it"
	}
	return ""
}

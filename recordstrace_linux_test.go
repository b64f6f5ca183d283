package catbox_test

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/straced"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// use is what the two sides are compared by.
type use struct {
	program  string
	class    record.Class
	path, to string
	failed   bool // of a change
}

func (u use) String() string {
	s := fmt.Sprintf("%s by %s: %q", u.class, u.program, u.path)
	if u.to != "" {
		s += fmt.Sprintf(" -> %q", u.to)
	}
	if u.failed {
		s += ", which failed"
	}
	return s
}

// TestTheRecordIsWhatStraceShows runs programs twice in the same directory, made
// anew each time: natively under strace, and recorded.
func TestTheRecordIsWhatStraceShows(t *testing.T) {
	testenv.Command(t, "strace")
	archives, err := filepath.Glob("testdata/strace/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			s := newScene(t, archive)
			s.refresh()
			shown := s.shown()
			for name, p := range map[string]policy.Policy{
				"everything": policy.Everything(),
				// What no wall holds is done by the supervisor in the program's stead.
				"mediated": policy.Everything().Deny(policy.Write, "~^/none/"),
			} {
				if name == "mediated" && strings.Contains(archive, "forbidden") {
					continue // EACCES, which a policy says too, is told as what was about to be done
				}
				t.Run(name, func(t *testing.T) {
					s := *s
					s.T = t
					s.refresh()
					s.compare(shown, s.recorded(p))
				})
			}
		})
	}
}

// scene is a program with the directory that it runs in.
type scene struct {
	*testing.T
	base string // holds the directory as it is at first, and what strace shows
	dir  string
	env  []string
}

func newScene(t *testing.T, archive string) *scene {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, base: base, dir: base + "/run"}
	s.env = []string{
		"PATH=/usr/bin:/bin:" + filepath.Dir(testenv.Command(t, "go")), "LC_ALL=C", "HOME=" + s.dir + "/home", "TMPDIR=" + s.dir + "/tmp",
		"GOCACHE=" + s.dir + "/tmp/cache", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE=2001-02-03T04:05:06Z", "GIT_COMMITTER_DATE=2001-02-03T04:05:06Z", "PYTHONHASHSEED=0",
	}
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"home/", "tmp/"} {
		s.write(name, nil)
	}
	for _, f := range a.Files {
		s.write(f.Name, f.Data)
	}
	if exists(base + "/first/build.sh") {
		s.must(s.native(base+"/first", "sh", "build.sh"))
	}
	s.must(exec.Command("find", base+"/first", "-exec", "touch", "-h", "-d", "2001-01-01", "{}", "+")) // or go build takes them for fresh, at times
	return s
}

// write makes a file of the directory as it is at first.
func (s *scene) write(name string, data []byte) {
	s.Helper()
	name = filepath.Join(s.base, "first", name) + name[len(strings.TrimRight(name, "/")):]
	err := os.MkdirAll(name[:strings.LastIndex(name, "/")], 0o755)
	if err == nil && data != nil {
		mode := os.FileMode(0o644)
		if bytes.HasPrefix(data, []byte("#!")) {
			mode = 0o755
		}
		err = os.WriteFile(name, data, mode)
	}
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) native(dir, name string, arg ...string) *exec.Cmd {
	c := exec.Command(name, arg...)
	c.Dir, c.Env = dir, s.env
	return c
}

func (s *scene) must(c *exec.Cmd) {
	s.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		s.Fatalf("%s: %v\n%s", c, err, out)
	}
}

// refresh makes the directory what it is at first.
func (s *scene) refresh() {
	s.Helper()
	s.must(exec.Command("rm", "-rf", s.dir))
	s.must(exec.Command("cp", "-a", s.base+"/first", s.dir))
}

// calls are what strace is asked for: readlink(2) is in %file, and is not recorded.
const calls = "%file,%process,fchdir,fchmod,fchown,fchown32,fsetxattr,fremovexattr,utimensat,utimensat_time64,futimesat,unshare"

// shown runs the program under strace.
func (s *scene) shown() map[use]bool {
	s.Helper()
	tree, err := straced.NewTree(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	trace := s.base + "/trace"
	s.must(s.native(s.dir, "strace", "-f", "-y", "--seccomp-bpf", "-o", trace, "-e", "trace="+calls, "sh", "run.sh"))
	f, err := os.Open(trace)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	all, err := straced.Parse(f)
	if err != nil {
		s.Fatal(err)
	}
	run := straced.Run{Dir: s.dir, Tree: tree, Interpreters: s.interpreters}
	accesses, err := run.Accesses(all)
	if err != nil {
		s.Error(err)
	}
	uses := map[use]bool{}
	for _, a := range accesses {
		uses[s.use(a.Program, record.Access{Class: a.Class, Path: a.Path, To: a.To, Errno: a.Errno})] = true
	}
	return uses
}

// interpreters are those of a program that is still there (execve(2)).
func (s *scene) interpreters(program string) []string {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil
	}
	if line, ok := bytes.CutPrefix(data, []byte("#!")); ok {
		name := string(bytes.Fields(line)[0])
		return append([]string{name}, s.interpreters(name)...)
	}
	e, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err != nil {
				s.Fatal(err)
			}
			return []string{strings.TrimRight(string(name), "\x00")}
		}
	}
	return nil
}

// recorded runs the program with a record.
func (s *scene) recorded(p policy.Policy) map[use]bool {
	s.Helper()
	programs, uses := map[int64]string{}, map[use]bool{}
	for _, e := range s.record(p, catbox.Command("sh", "run.sh")) {
		switch e := e.(type) {
		case record.Image:
			programs[e.ID] = e.Path
		case record.Access:
			uses[s.use(programs[e.Image], e)] = true
		case record.Blind:
			s.Errorf("blind: %+v", e)
		}
	}
	return uses
}

// record runs a command and returns what is told of it.
func (s *scene) record(p policy.Policy, c *catbox.Cmd) []record.Event {
	s.Helper()
	var events []record.Event
	c.Dir, c.Env, c.Policy = s.dir, s.env, p
	c.Record = &catbox.Record{Sink: record.SinkFunc(func(e record.Event) error {
		events = append(events, e)
		return nil
	})}
	if out, err := c.CombinedOutput(); err != nil || c.Result().RecordError != nil {
		s.Fatalf("%v, %v\n%s", err, c.Result(), out)
	}
	return events
}

// use is an access by what it is compared by.
func (s *scene) use(program string, a record.Access) use {
	u := use{s.normal(program), a.Class, s.normal(a.Path), s.normal(a.To), a.Errno != 0}
	switch a.Class {
	case record.ClassProbe, record.ClassAbsent, record.ClassSymlink:
		u.failed = false
	}
	return u
}

// normal is a path without what differs from run to run.
func (s *scene) normal(name string) string {
	name = strings.Replace(name, s.dir, "DIR", 1)
	for _, v := range varying {
		name = v.pattern.ReplaceAllString(name, v.by)
	}
	return name
}

// varying are the parts of paths that differ from run to run.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
	why     string
}{
	{regexp.MustCompile(`^/proc/\d+(/task/\d+)?`), "/proc/N", "the number of a process"},
	{regexp.MustCompile(`^DIR/tmp/cc\w{6}`), "DIR/tmp/ccX", "temporary files of gcc"},
	{regexp.MustCompile(`^DIR/tmp/(GMfifo|GNUmake|GmSock)\w+`), "DIR/tmp/$1", "temporary files of make"},
	{regexp.MustCompile(`^DIR/tmp/(tmp)?[a-z0-9_]{8}(/|$)`), "DIR/tmp/${1}X$2", "temporary files of Python"},
	{regexp.MustCompile(`\.pyc\.\d+$`), ".pyc.N", "what Python writes a compiled module to, before it has its name"},
	{regexp.MustCompile(`^DIR/tmp/go-build\d+`), "DIR/tmp/go-buildN", "the directory of go build"},
	{regexp.MustCompile(`/conf\d+`), "/confN", "files of configure, by the shell's number"},
	{regexp.MustCompile(`/(tmp_(obj|pack|idx|rev|mtimes|bitmap)|packs|refs)_\w{6}$`), "/${1}_X", "temporary files of git"},
	{regexp.MustCompile(`^DIR/.git/t\w{6}$`), "DIR/.git/tX", "where git init tries symbolic links"},
	{regexp.MustCompile(`/\.tmp-\d+-pack`), "/.tmp-N-pack", "temporary files of git"},
	{regexp.MustCompile(`/Cu\w{6}$`), "/CuX", "temporary names of coreutils"},
}

// exceptions are the differences that are to be expected: a use is skipped if all that is
// given matches. How calls are compared that one side does not have at all is said with the
// calls, and in internal/straced: readlink(2), which is not recorded as where a link leads
// is seen when it is followed; what is asked of a descriptor (fstat, AT_EMPTY_PATH), which
// is no use of a path; paths that cannot be read (EFAULT) or are empty.
var exceptions = []struct {
	class         record.Class
	program, path string // expressions
	why           string
}{
	{"", `^DIR/(conftest|all)$`, `/lib64$|/ld-linux-x86-64\.so\.2$`, "the dynamic loader of a program that is gone when it is looked for"},
	{record.ClassProbe, `/go$`, `^DIR/tmp/go-buildN/b00\d$`, "two threads make the same directory, and one of them finds it made, or not"},
	{record.ClassDelete, `/git$`, `^DIR/.git/index.lock$`, "git status writes the index anew if it is as young as a file in it"},
}

func (u use) isException() bool {
	for _, e := range exceptions {
		if (e.class == "" || e.class == u.class) && regexp.MustCompile(e.program).MatchString(u.program) && regexp.MustCompile(e.path).MatchString(u.path) {
			return true
		}
	}
	return false
}

// compare tells of every difference that has no exception.
func (s *scene) compare(shown, recorded map[use]bool) {
	s.Helper()
	s.Logf("%d by strace, %d recorded", len(shown), len(recorded))
	if len(shown) < 10 {
		s.Errorf("only %d uses", len(shown))
	}
	s.report("only shown by strace", shown, recorded)
	s.report("only recorded", recorded, shown)
}

const most = 60 // differences that are told

func (s *scene) report(what string, uses, others map[use]bool) {
	s.Helper()
	n := 0
	for _, u := range slices.SortedFunc(maps.Keys(uses), func(a, b use) int { return cmp.Compare(a.String(), b.String()) }) {
		if others[u] || u.isException() {
			continue
		}
		if n++; n <= most {
			s.Errorf("%s: %s", what, u)
		}
	}
	if n > most {
		s.Errorf("%s: %d more", what, n-most)
	}
}

// TestNothingIsLost has many processes use files at the same time, each its own.
func TestNothingIsLost(t *testing.T) {
	const processes, files = 64, 200
	s := newScene(t, "testdata/processes.txtar")
	s.refresh()
	events := s.record(policy.Everything(), catbox.Command("./prog", fmt.Sprint(processes), fmt.Sprint(files)))
	owner, parents, exits := map[int64]int64{}, map[int64]int64{}, map[int64]bool{}
	counts := map[int64]map[use]int{}
	for _, e := range events {
		switch e := e.(type) {
		case record.Process:
			parents[e.ID] = e.Parent
		case record.Image:
			owner[e.ID] = e.Process
		case record.Exit:
			exits[e.Process] = e.Known && e.Status == 0 && e.Signal == 0
		case record.Access:
			p := owner[e.Image]
			if counts[p] == nil {
				counts[p] = map[use]int{}
			}
			counts[p][s.use("", e)] += e.Count
		case record.Blind:
			t.Errorf("blind: %+v", e)
		}
	}
	if len(parents) != processes+1 || len(exits) != len(parents) {
		t.Errorf("%d processes, of which %d have ended", len(parents), len(exits))
	}
	children := 0
	for p, parent := range parents {
		if !exits[p] {
			t.Errorf("process %d has not ended well", p)
		}
		if parent != 0 {
			children++
			checkFiles(t, counts[p], files)
		}
	}
	if children != processes {
		t.Errorf("%d processes have a parent", children)
	}
}

// checkFiles compares what a process of processes.txtar does with what was counted.
func checkFiles(t *testing.T, counts map[use]int, files int) {
	t.Helper()
	first, _, _ := strings.Cut(slices.MinFunc(slices.Collect(maps.Keys(counts)), func(a, b use) int { return cmp.Compare(a.path, b.path) }).path, ".")
	want := map[use]int{}
	for i := range files {
		path := fmt.Sprintf("%s.%d", first, i)
		for class, n := range map[record.Class]int{record.ClassCreate: 1, record.ClassRead: 2, record.ClassProbe: 3} {
			want[use{class: class, path: path}] = n
		}
	}
	if !maps.Equal(counts, want) {
		t.Errorf("of %s: %d different accesses, want %d, or other counts", first, len(counts), len(want))
	}
}

// TestLooksAreOfTheirTime has a shell look at names that come and go: what it looked at is told as it was then, though
// nobody waits for it to be looked up.
func TestLooksAreOfTheirTime(t *testing.T) {
	const rounds = 100
	s := newScene(t, "testdata/processes.txtar")
	s.refresh()
	script := `i=0; while [ $i -lt ` + fmt.Sprint(rounds) + ` ]; do
		[ -e a$i ]; : > a$i; [ -e a$i ]; mv a$i b$i; [ -e a$i ]; [ -e ./b$i ]; rm b$i; [ -e b$i ]
		mkdir d$i; cd d$i; [ -e ../d$i ]; cd ..; rmdir d$i; [ -e d$i ]; i=$((i+1)); done`
	events := s.record(policy.Everything(), catbox.Command("/bin/sh", "-c", script))
	got, shell := map[use]int{}, int64(0)
	for _, e := range events {
		switch e := e.(type) {
		case record.Image:
			if !e.Forked && len(e.Args) > 0 && e.Args[0] == "/bin/sh" {
				shell = e.ID
			}
		case record.Access:
			if e.Image == shell && filepath.Dir(e.Path) == s.dir {
				got[use{class: e.Class, path: filepath.Base(e.Path)}] += e.Count
			}
		}
	}
	want := map[use]int{}
	for i := range rounds {
		for _, u := range []struct {
			class record.Class
			name  string
			count int
		}{
			{record.ClassAbsent, "a", 2}, {record.ClassCreate, "a", 1}, {record.ClassProbe, "a", 1}, {record.ClassProbe, "b", 1},
			{record.ClassAbsent, "b", 1}, {record.ClassProbe, "d", 2}, {record.ClassAbsent, "d", 1},
		} {
			want[use{class: u.class, path: fmt.Sprint(u.name, i)}] = u.count
		}
	}
	for u, n := range want {
		if got[u] != n {
			t.Errorf("%v: %d times, want %d", u, got[u], n)
		}
	}
}

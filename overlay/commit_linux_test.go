package overlay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/testenv"
)

// severalChanges have each kind of step in them.
const severalChanges = `
echo new >etc/new; echo changed >etc/one; rm etc/two; chmod 700 empty; mkdir -p opt/x; echo y >opt/x/y
rm -r usr/share; ln -s lib usr/share; rm usr/lib/link; mkdir usr/lib/link; echo z >usr/lib/link/z`

func TestCommitByPattern(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges)
	must(t, b.commit("etc/*", "opt/x/y"))
	shell(t, b.root, "grep -q changed etc/one; test ! -e etc/two; test -e opt/x/y; test -d usr/share")
	b.wantList("M \"/empty\" mode\nT \"/usr/lib/link\"\nA \"/usr/lib/link/z\"\n" +
		"T \"/usr/share\"\nD \"/usr/share/doc\"\nD \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n")
	must(t, b.commit())
	b.wantEmpty()
	if err := b.commit("nothing/*"); err == nil || !strings.Contains(err.Error(), "no change matches /nothing/*") {
		t.Errorf("a pattern that matches nothing: %v", err)
	}
}

func TestPartOfAnOpaqueDirectoryStaysSeen(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("rm -r usr/share/doc; mkdir usr/share/doc; echo n >usr/share/doc/n")
	must(t, b.commit("usr/share/doc/n"))
	b.wantList("D \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n")
	b.inView("test -e usr/share/doc/n; test ! -e usr/share/doc/a")
	must(t, b.commit())
	b.wantEmpty()
}

func TestDryRunChangesNothing(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges)
	before, list := snapshot(t, b.root), b.list()
	changes, err := b.o.Commit(context.Background(), CommitOptions{DryRun: true})
	must(t, err)
	if len(changes) == 0 {
		t.Error("nothing would be committed")
	}
	wantSame(t, "root", before, snapshot(t, b.root))
	b.wantList(list)
}

func TestConflictsRefuseAll(t *testing.T) {
	for name, test := range map[string]struct{ inside, outside, path string }{
		"modified":                      {"echo x >etc/one", "echo longer >etc/one", "/etc/one"},
		"a new time":                    {"echo x >etc/one", "touch etc/one", "/etc/one"},
		"a new mode":                    {"echo x >etc/one", "chmod 600 etc/one", "/etc/one"},
		"replaced":                      {"echo x >etc/one", "cp -p etc/one x; mv x etc/one", "/etc/one"},
		"removed":                       {"echo x >etc/one", "rm etc/one", "/etc/one"},
		"made":                          {"echo x >etc/new", "echo y >etc/new", "/etc/new"},
		"made in what was removed":      {"rm -r usr/share", "echo >usr/share/doc/new", "/usr/share/doc/new"},
		"made in what was made anew":    {"rm -r usr/share/doc; mkdir usr/share/doc", "echo >usr/share/doc/new", "/usr/share/doc/new"},
		"a directory with another mode": {"chmod 700 etc", "chmod 711 etc", "/etc"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, plainRoot)
			b.run("echo other >other; " + test.inside)
			shell(t, b.root, test.outside)
			before := snapshot(t, b.root)
			var conflict *ConflictError
			if err := b.commit(); !errors.As(err, &conflict) || len(conflict.Changes) != 1 || conflict.Changes[0].Path != test.path {
				t.Fatalf("commit: %v", err)
			}
			wantSame(t, "root", before, snapshot(t, b.root))
			must(t, b.commit("other"))
		})
	}
}

func TestChangedDuringTheRunIsAConflict(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("echo x >etc/one; echo >" + b.root + "/etc/one")
	var conflict *ConflictError
	if err := b.commit(); !errors.As(err, &conflict) {
		t.Errorf("commit: %v", err)
	}
}

func TestNoConflictAfterOwnCommit(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("echo x >etc/one; chmod 600 usr/lib/hard; echo y >etc/new")
	must(t, b.commit("etc/one"))
	must(t, b.commit("usr/lib/hard"))
	must(t, b.commit())
	b.run("echo z >>etc/one; rm etc/new")
	must(t, b.commit())
	b.wantEmpty()
}

// TestUndoneWherever ends the commit by its context at each step.
func TestUndoneWherever(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges)
	before, list := snapshot(t, b.root), b.list()
	for n := 0; ; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		steps := 0
		b.o.step = func(string) {
			if steps++; steps > n {
				cancel()
			}
		}
		_, err := b.o.Commit(ctx, CommitOptions{})
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("step %d: %v", n, err)
		}
		wantSame(t, fmt.Sprintf("root after step %d", n), before, snapshot(t, b.root))
		b.wantList(list)
	}
	b.wantEmpty()
}

func TestFailureUndoesAll(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges + "\nmkdir usr/zzz; touch usr/zzz/f")
	before := snapshot(t, b.root)
	b.o.step = func(step string) {
		if step == "done replace" { // and then somebody takes a name
			b.o.step = func(string) {}
			must(t, os.Mkdir(filepath.Join(b.root, "usr/zzz"), 0o755))
		}
	}
	if err := b.commit(); !errors.Is(err, unix.EEXIST) {
		t.Fatalf("commit: %v", err)
	}
	must(t, os.Remove(filepath.Join(b.root, "usr/zzz")))
	wantSame(t, "root", before, snapshot(t, b.root))
	must(t, b.commit())
}

// commitAndDie is a process that is killed at the step of a number.
func commitAndDie(args []string) int {
	o, err := Open(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	n, _ := strconv.Atoi(args[1])
	o.step = func(string) {
		if n--; n < 0 {
			unix.Kill(os.Getpid(), unix.SIGKILL)
			select {}
		}
	}
	if _, err := o.Commit(context.Background(), CommitOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestKilledAtEachStep is all or nothing, and the next use of the overlay makes
// it so.
func TestKilledAtEachStep(t *testing.T) {
	nothing, all := 0, 0
	for n := 0; ; n++ {
		b := newBox(t, plainRoot)
		b.run(severalChanges)
		before, list, after := snapshot(t, b.root), b.list(), snapshot(t, b.merged())
		err := testenv.Helper(t, "commit", b.dir, strconv.Itoa(n)).Run()
		b.open()
		if got := b.list(); got == "" {
			all++
			wantSame(t, fmt.Sprintf("root, killed at step %d", n), after, snapshot(t, b.root))
			b.wantEmpty()
		} else {
			nothing++
			wantSame(t, fmt.Sprintf("root, killed at step %d", n), before, snapshot(t, b.root))
			b.wantList(list)
			must(t, b.commit())
			wantSame(t, "root afterwards", after, snapshot(t, b.root))
		}
		if err == nil {
			break
		}
	}
	if nothing < 10 || all < 3 {
		t.Errorf("killed before the mark %d times, after it %d times", nothing, all)
	}
}

// TestKilledWhileUndoing leaves an undo that is done again.
func TestUndoIsRepeated(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges)
	before := snapshot(t, b.root)
	for n := range 8 {
		if testenv.Helper(t, "commit", b.dir, "14").Run() == nil {
			t.Fatal("the commit was not killed")
		}
		o := &Overlay{dir: b.o.dir, files: b.o.files, info: b.o.info, lowers: b.o.lowers, step: func(string) {}}
		ops, committed, err := o.readJournal()
		must(t, err)
		if committed {
			t.Fatal("killed too late")
		}
		for i := range min(n, len(ops)) {
			must(t, o.takeBack(ops[len(ops)-1-i]))
		}
		b.open()
		wantSame(t, "root", before, snapshot(t, b.root))
	}
}

func TestHardLinksHolesAndAttributes(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(`mkdir d; echo x >d/a; ln d/a d/b; ln d/a etc/c; ln d/a new
truncate -s 3M sparse; printf data | dd of=sparse bs=1 seek=2000000 conv=notrunc 2>/dev/null
setfattr -n user.k -v v d/a; touch -d 2001-02-03 d/a; chmod 6755 new; touch -d 2002-01-01 d`)
	want := snapshot(t, b.merged())
	must(t, b.commit())
	wantSame(t, "root", want, snapshot(t, b.root))
	shell(t, b.root, `test d/a -ef etc/c; test d/a -ef new; test "$(stat -c %b sparse)" -lt 1000; test "$(stat -c %Y d)" = "$(date -d 2002-01-01 +%s)"`)
	b.wantEmpty()
}

func TestDefaultACLOfTheRootIsNotTakenOver(t *testing.T) {
	testenv.Command(t, "setfacl")
	b := newBox(t, plainRoot)
	b.run("echo x >etc/new; mkdir etc/dir")
	want := snapshot(t, b.merged())
	shell(t, b.root, "setfacl -d -m u:daemon:rwx etc")
	must(t, b.commit("etc/*"))
	got := snapshot(t, b.root)
	for _, path := range []string{"/etc/new", "/etc/dir"} {
		if got[path] != want[path] {
			t.Errorf("%s: want %s, got %s", path, want[path], got[path])
		}
	}
}

func TestLinksOfTheRootAreNotFollowed(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("echo x >usr/lib/new")
	outside := t.TempDir()
	shell(t, b.root, "mv usr/lib usr/old; ln -s "+outside+" usr/lib")
	if err := b.commit("usr/lib/new"); err == nil {
		t.Error("committed through a link")
	}
	if names, _ := os.ReadDir(outside); len(names) > 0 {
		t.Errorf("written outside: %v", names)
	}
}

func TestDirectoryThatIsClosedByTheCommit(t *testing.T) {
	b := newBox(t, "mkdir shut open; echo 1 >shut/f; chmod 555 shut; echo 1 >open/f")
	b.run("chmod 755 shut; echo 2 >shut/f; echo 3 >shut/g; echo 2 >open/f; chmod 555 open")
	want := snapshot(t, b.merged())
	must(t, b.commit())
	wantSame(t, "root", want, snapshot(t, b.root))
	shell(t, b.root, "chmod 755 open shut")
}

func TestFakeRootCounts(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("echo x >etc/new; echo y >etc/dev; rm etc/dev; echo z >etc/one")
	upper := b.o.Upper()
	shell(t, upper, "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"etc/dev\")' || exit 1")
	state, err := fakeroot.Open(b.o.FakeRoot())
	must(t, err)
	note := func(path string, change func(*fakeroot.Entry)) {
		st, err := b.o.upper.stat(path)
		must(t, err)
		e := fakeroot.Entry{ID: st.id, Mode: st.Mode, Path: upper + path}
		change(&e)
		must(t, state.Put(e))
	}
	note("/etc/new", func(e *fakeroot.Entry) { e.UID, e.GID, e.Mode = 33, 34, unix.S_IFREG|0o4755 })
	note("/etc/dev", func(e *fakeroot.Entry) { e.Mode, e.Rdev = unix.S_IFCHR|0o600, unix.Mkdev(1, 3) })
	must(t, state.Close())
	b.open()
	b.wantList("A \"/etc/dev\"\nA \"/etc/new\"\nM \"/etc/one\" content\n")
	to := filepath.Join(t.TempDir(), "tree")
	entries, err := b.o.Install(context.Background(), to)
	must(t, err)
	if e := entries[1]; len(entries) != 3 || e.Path != to+"/etc/new" || e.UID != 33 || e.Mode != unix.S_IFREG|0o4755 {
		t.Errorf("entries %+v", entries)
	}
	err = b.commit("etc/new")
	if os.Geteuid() == 0 {
		must(t, err)
		shell(t, b.root, `test "$(stat -c %u:%g:%a etc/new)" = 33:34:4755`)
		return
	}
	if !errors.Is(err, ErrOwner) {
		t.Fatalf("commit: %v", err)
	}
	_, err = b.o.Commit(context.Background(), CommitOptions{Patterns: []string{"etc/new"}, IgnoreOwners: true})
	must(t, err)
	shell(t, b.root, `test "$(stat -c %a etc/new)" = 755`)
}

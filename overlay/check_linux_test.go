package overlay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/testenv"
)

// refusedBoth are the paths that a dry run and a commit refuse, the same ones, and
// the reason of the first. Neither changes the root.
func (b *box) refusedBoth() (paths, reason string) {
	b.t.Helper()
	before := snapshot(b.t, b.root)
	var said [2]string
	for i, dry := range []bool{true, false} {
		_, err := b.o.Commit(context.Background(), CommitOptions{DryRun: dry})
		var refused *RefusedError
		if !errors.As(err, &refused) {
			b.t.Fatalf("dry run %v: %v", dry, err)
		}
		said[i], reason, paths = err.Error(), refused.Refused[0].Err.Error(), ""
		for _, r := range refused.Refused {
			paths += r.Path + " "
		}
	}
	if said[0] != said[1] {
		b.t.Errorf("the dry run says %s\nthe commit %s", said[0], said[1])
	}
	wantSame(b.t, "root", before, snapshot(b.t, b.root))
	return paths, reason
}

func TestDryRunRefusesWhatACommitDoes(t *testing.T) {
	if os.Geteuid() == 0 {
		testenv.Elsewhere(t, "root may write all")
	}
	b := newBox(t, plainRoot)
	b.run(`echo x >etc/new; rm etc/two; mkdir usr/lib/d; echo y >usr/lib/d/e; echo z >usr/share/new`)
	shell(t, b.root, "chmod 555 etc usr/lib")
	paths, reason := b.refusedBoth()
	if paths != "/etc/new /etc/two /usr/lib/d " || !strings.HasSuffix(reason, "/etc cannot be written: permission denied") {
		t.Errorf("refused %s: %s", paths, reason)
	}
	shell(t, b.root, "chmod 755 etc usr/lib")
	b.open()
	must(t, b.commit())
	b.wantEmptyList()
}

func TestDryRunKnowsWhoseOwnersCanBeGiven(t *testing.T) {
	if os.Geteuid() == 0 {
		testenv.Elsewhere(t, "root gives all owners")
	}
	b := newBox(t, plainRoot)
	b.run("echo x >etc/new; echo y >etc/mine; mkdir etc/d; : >etc/d/null")
	state, err := fakeroot.Open(b.o.FakeRoot())
	must(t, err)
	for path, note := range map[string]fakeroot.Entry{
		"/etc/new":    {UID: 33, GID: 34, Mode: unix.S_IFREG | 0o644},
		"/etc/mine":   {UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), Mode: unix.S_IFREG | 0o600},
		"/etc/d/null": {UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), Mode: unix.S_IFCHR | 0o666, Rdev: unix.Mkdev(1, 3)},
	} {
		st, err := b.o.upper.stat(path)
		must(t, err)
		note.ID, note.Path = st.id, filepath.Join(b.o.Upper(), path)
		must(t, state.Put(note))
	}
	must(t, state.Close())
	b.open()
	paths, reason := b.refusedBoth()
	if paths != "/etc/d/null /etc/new " || reason != "only root can make a device" {
		t.Errorf("refused %s: %s", paths, reason)
	}
	_, err = b.o.Commit(context.Background(), CommitOptions{Patterns: []string{"etc/new", "etc/mine"}, IgnoreOwners: true, DryRun: true})
	must(t, err)
	if err := b.commit("etc/new"); !errors.Is(err, ErrOwner) {
		t.Errorf("an owner: %v", err)
	}
}

// Files of a directory with set-group-ID come to have its group without being given it.
func TestGroupOfADirectoryIsNotRefused(t *testing.T) {
	b := newBox(t, plainRoot)
	shell(t, b.root, "chmod g+s etc")
	b.run("echo x >etc/new; mkdir etc/d; echo y >etc/d/e")
	_, err := b.o.Commit(context.Background(), CommitOptions{DryRun: true})
	must(t, err)
	must(t, b.commit())
	b.wantEmptyList()
}

func TestReadOnlyFileIsNotRefused(t *testing.T) {
	b := newBox(t, plainRoot+"; chmod 400 etc/two; chmod 1777 etc")
	b.run("rm etc/two; echo x >etc/two; chmod 555 etc/two")
	_, err := b.o.Commit(context.Background(), CommitOptions{DryRun: true})
	must(t, err)
	must(t, b.commit())
}

func TestStickyDirectoryKeepsFilesOfOthers(t *testing.T) {
	testenv.Root(t)
	b := newBox(t, plainRoot+"; chmod 1777 etc")
	b.run("rm etc/two; echo x >etc/new")
	// The overlay, and its way, are the other user's from here on.
	shell(t, filepath.Dir(b.dir), "chown -R 65534:65534 over; chmod 755 . ..")
	cmd := testenv.Helper(t, "dryrun", b.dir)
	cmd.Path = "/proc/self/exe" // by its own name the other user may not find it
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	must(t, err)
	if got := string(out); !strings.Contains(got, "/etc/two: it is another user's, in a directory with the sticky bit") || strings.Contains(got, "/etc/new") {
		t.Errorf("refused: %s", got)
	}
}

// dryRun is a process that says why an overlay cannot be committed.
func dryRun(args []string) int {
	o, err := Open(args[0])
	if err == nil {
		defer o.Close()
		_, err = o.Commit(context.Background(), CommitOptions{DryRun: true})
	}
	fmt.Println(err)
	return 0
}

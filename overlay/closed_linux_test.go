package overlay

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

const closes = `mkdir -p deep/er && echo 1 >deep/er/file && chmod 0 deep/er && chmod 311 deep && echo more >>etc/one && chmod 0 etc
rm -r usr/share; mkdir usr/share; echo n >usr/share/n; chmod 0 usr/share`

const closed = `A "/deep"
	A "/deep/er"
	A "/deep/er/file"
	M "/etc" mode
	M "/etc/one" content
	M "/usr/share" mode
	D "/usr/share/doc"
	D "/usr/share/doc/a"
	D "/usr/share/doc/b"
	A "/usr/share/n"
	`

// A directory that its owner may not look into is listed with what is in it, keeps
// its mode, and is committed with it.
func TestClosedDirectories(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(closes)
	for range 2 {
		b.wantList(closed)
	}
	b.open() // which closes the first
	if modes := b.upperModes("deep", "etc", "usr/share"); modes != [3]uint32{0o311, 0, 0} {
		t.Errorf("left with the modes %o", modes)
	}
	to := filepath.Join(t.TempDir(), "tree")
	defer removePath(to)
	_, err := b.o.Install(context.Background(), to)
	must(t, err)
	want := snapshotAsRoot(t, b.merged())
	must(t, b.commit())
	got := snapshotAsRoot(t, b.root)
	wantSame(t, "root", want, got)
	wantSame(t, "installed", map[string]string{"/deep/er": want["/deep/er"]}, map[string]string{"/deep/er": snapshotAsRoot(t, to)["/deep/er"]})
	b.wantEmptyList()
}

// In a directory of the root that cannot be searched nothing could be undone.
func TestCommitToAClosedDirectoryOfTheRoot(t *testing.T) {
	if os.Geteuid() == 0 {
		testenv.Elsewhere(t, "root may search all")
	}
	b := newBox(t, plainRoot)
	b.run("echo x >etc/new; echo y >usr/new")
	must(t, os.Chmod(filepath.Join(b.root, "etc"), 0))
	err := b.commit()
	must(t, os.Chmod(filepath.Join(b.root, "etc"), 0o755))
	if err == nil || !strings.Contains(err.Error(), "/etc cannot be searched") {
		t.Errorf("commit: %v", err)
	}
	shell(t, b.root, "test ! -e usr/new; test ! -e etc/new; test -z \"$(find . -name '.catbox-*')\"")
	b.open()
	must(t, b.commit())
	b.wantEmptyList()
}

// What somebody who was killed had opened counts as closed, and is closed again.
func TestOpenedByOneWhoWasKilled(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(closes)
	for range b.o.Changes(ListOptions{}) {
	}
	b.o.upper.opened = nil // nobody lives to close it
	b.open()
	if modes := b.upperModes("deep", "etc", "usr/share"); modes != [3]uint32{0o711, 0o700, 0o700} {
		t.Fatalf("were not open: %o", modes)
	}
	must(t, os.Chmod(filepath.Join(b.o.Upper(), "etc"), 0o750)) // a later run did
	b.wantList(closed)
	b.open()
	if modes := b.upperModes("deep", "etc", "usr/share"); modes != [3]uint32{0o311, 0o750, 0} {
		t.Errorf("left with the modes %o", modes)
	}
}

func (b *box) upperModes(names ...string) (modes [3]uint32) {
	b.t.Helper()
	for i, name := range names {
		var st unix.Stat_t
		must(b.t, unix.Lstat(filepath.Join(b.o.Upper(), name), &st))
		modes[i] = st.Mode & 0o7777
	}
	return modes
}

// snapshotAsRoot is snapshot of a tree with directories that are closed to their
// owner, which are opened for the moment.
func snapshotAsRoot(t *testing.T, dir string) map[string]string {
	t.Helper()
	root, err := openTree(dir)
	must(t, err)
	l := &layer{tree: root}
	defer l.close()
	top, err := l.top()
	must(t, err)
	all := map[string]string{}
	describeTree(t, top, all, map[uint64]string{})
	return all
}

// In a directory that is divided no overlayfs wrote anything: what looks so is the command's.
func TestForgedMarksInADividedDirectory(t *testing.T) {
	b := newBox(t, plainRoot)
	must(t, b.o.SetSplit(map[string][]string{"/": {"etc", "usr", "top", "bye", "lib", "empty"}}))
	shell(t, b.root, "cp -a . "+b.o.Upper())
	shell(t, b.o.Upper(), `mkdir new; setfattr -n user.overlay.redirect -v old new; setfattr -n user.overlay.redirect -v old etc
setfattr -n user.overlay.opaque -v y etc; : >hidden; setfattr -n user.overlay.whiteout -v y hidden; rm -r etc/*`)
	b.wantList("A \"/hidden\"\nA \"/new\"\n", "/hidden", "/new", "/etc")
}

package overlay

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateRefuses(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	foreign := filepath.Join(t.TempDir(), "foreign")
	must(t, os.Mkdir(foreign, 0o755))
	must(t, os.WriteFile(filepath.Join(foreign, "file"), nil, 0o644))
	made := filepath.Join(t.TempDir(), "made")
	o, err := Create(made, Options{Root: root})
	must(t, err)
	o.Close()
	newer := filepath.Join(t.TempDir(), "newer")
	must(t, os.Mkdir(newer, 0o755))
	must(t, os.WriteFile(filepath.Join(newer, infoName), []byte(`{"format":"catbox-overlay","version":9}`), 0o644))
	for _, test := range []struct {
		dir  string
		opts Options
		want string
	}{
		{foreign, Options{Root: root}, "is not an overlay"},
		{made, Options{Root: other}, "give another directory"},
		{filepath.Join(other, "new"), Options{Root: filepath.Join(root, "none")}, "no such file"},
		{filepath.Join(other, "new"), Options{Root: root, Lower: []string{other}}, "is not an overlay"},
		{filepath.Join(other, "none", "new"), Options{Root: root}, "no such file"},
		{newer, Options{Root: root}, "version 9; this catbox reads"},
	} {
		if _, err := Create(test.dir, test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Create(%s, %v): %v, want %q", test.dir, test.opts, err, test.want)
		}
	}
	if names, _ := os.ReadDir(other); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
}

func TestCreateOpensAgain(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir() // an empty directory is taken
	for range 2 {
		o, err := Create(dir, Options{Root: root})
		must(t, err)
		must(t, o.SetSplit(map[string][]string{"/": {"a\xff\"\\b"}}))
		must(t, o.Close())
	}
	o, err := Open(dir)
	must(t, err)
	defer o.Close()
	if diff := cmp.Diff(map[string][]string{"/": {"a\xff\"\\b"}}, o.Split()); diff != "" {
		t.Error(diff)
	}
}

func TestInUse(t *testing.T) {
	o, err := Create(filepath.Join(t.TempDir(), "over"), Options{Root: t.TempDir()})
	must(t, err)
	defer o.Close()
	lock, err := o.Lock()
	must(t, err)
	if _, err := o.Commit(context.Background(), CommitOptions{}); !errors.Is(err, ErrInUse) {
		t.Errorf("commit: %v", err)
	}
	if err := Discard(o.Dir()); !errors.Is(err, ErrInUse) {
		t.Errorf("discard: %v", err)
	}
	must(t, lock.Close())
	must(t, Discard(o.Dir()))
}

func TestDiscardWithoutTheRoot(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges)
	must(t, removePath(b.root))
	if _, err := Open(b.dir); !errors.Is(err, errNoRoot) {
		t.Errorf("open: %v", err)
	}
	must(t, Discard(b.dir))
	if _, err := os.Lstat(b.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestInstallIsWholeOrNothing(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(severalChanges + "\nchmod 711 usr; ln etc/new etc/also")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	parent := t.TempDir()
	to := filepath.Join(parent, "tree")
	defer removePath(to)
	if _, err := b.o.Install(ctx, to); !errors.Is(err, context.Canceled) {
		t.Errorf("install: %v", err)
	}
	if names, _ := os.ReadDir(parent); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
	must(t, os.Mkdir(to, 0o755)) // an empty one is taken
	_, err := b.o.Install(context.Background(), to)
	must(t, err)
	shell(t, to, `test etc/new -ef etc/also; test "$(stat -c %a usr)" = 711; test -L usr/share; test ! -e etc/two; test ! -e usr/lib/three`)
}

func TestDiff(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run(`echo ONE >etc/one; printf '\0' >etc/two; chmod 600 usr/lib/three; echo n >new; rm usr/share/doc/a; ln -sfn x usr/lib/link; truncate -s 2M big
setfattr -n user.k -v v usr/lib/three`)
	var out strings.Builder
	for c, err := range b.o.Changes(ListOptions{}) {
		must(t, err)
		must(t, b.o.Diff(&out, c))
	}
	want := `# /big: added file, mode 0644
# /big: 0 bytes, now 2097152: too large to show
--- a/etc/one
+++ b/etc/one
@@ -1 +1 @@
-one
+ONE
# /etc/two: binary, 4 bytes, now 1
# /new: added file, mode 0644
--- /dev/null
+++ b/new
@@ -0,0 +1 @@
+n
# /usr/lib/link: symbolic link to three, now x
# /usr/lib/three: mode 0644, now 0600
# /usr/lib/three: attribute user.k, now "v"
# /usr/share/doc/a: removed file, mode 0644
--- a/usr/share/doc/a
+++ /dev/null
@@ -1 +0,0 @@
-a
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

package overlay

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

func TestMain(m *testing.M) {
	testenv.Main(testenv.Helpers{"commit": commitAndDie, "dryrun": dryRun})
	flag.Set("rapid.checks", "40") // each is several mounts; the command line overrides
	os.Exit(m.Run())
}

// box is a root with an overlay over it.
type box struct {
	t    testing.TB
	root string
	dir  string
	o    *Overlay
}

// newBox makes a root with what the shell script makes, and an overlay.
func newBox(t testing.TB, script string) *box {
	t.Helper()
	needOverlayfs(t)
	tmp := t.TempDir()
	b := &box{t: t, root: filepath.Join(tmp, "root"), dir: filepath.Join(tmp, "over")}
	must(t, os.Mkdir(b.root, 0o755))
	shell(t, b.root, script)
	b.open()
	t.Cleanup(func() {
		b.o.Close()
		removePath(b.dir) // what overlayfs leaves, an ordinary user's RemoveAll does not
		removePath(b.root)
	})
	return b
}

func (b *box) open() {
	b.t.Helper()
	o, err := Create(b.dir, Options{Root: b.root})
	must(b.t, err)
	if b.o != nil {
		b.o.Close()
	}
	b.o = o
}

func needOverlayfs(t testing.TB) {
	t.Helper()
	testenv.Need(t, "overlayfs in a user namespace", func() error {
		dir := t.TempDir()
		defer removePath(filepath.Join(dir, "w"))
		out, err := inNamespace(dir, "mkdir l u w m && mount -t overlay -o userxattr,lowerdir=l,upperdir=u,workdir=w o m")
		if err != nil {
			return errors.Join(errors.ErrUnsupported, err, errors.New(out))
		}
		return nil
	})
}

func inNamespace(dir, script string) (string, error) {
	cmd := exec.Command("unshare", "-rm", "sh", "-ec", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run runs a shell script in the merged view of a real overlayfs.
func (b *box) run(script string) {
	b.t.Helper()
	started := time.Now()
	b.inView(script)
	must(b.t, b.o.Settle(started))
}

func (b *box) inView(script string) {
	b.t.Helper()
	work, err := b.o.Work()
	must(b.t, err)
	view := b.t.TempDir()
	lower := b.root
	if l := b.o.Lower(); len(l) > 0 {
		lower = strings.Join(l, "/upper:") + "/upper:" + b.root
	}
	mount := fmt.Sprintf("mount -t overlay -o userxattr,lowerdir=%s,upperdir=%s,workdir=%s o %s; cd %s\n", lower, b.o.Upper(), work, view, view)
	if out, err := inNamespace("/", mount+script); err != nil {
		b.t.Fatalf("%v\n%s\n%s", err, script, out)
	}
}

// merged copies what the command sees to a directory.
func (b *box) merged() string {
	b.t.Helper()
	to := filepath.Join(b.t.TempDir(), "merged")
	b.t.Cleanup(func() { removePath(to) })
	b.inView("cp -a . " + to)
	return to
}

func (b *box) commit(patterns ...string) error {
	_, err := b.o.Commit(context.Background(), CommitOptions{Patterns: patterns})
	return err
}

// list is what git status --short would say.
func (b *box) list(patterns ...string) string {
	b.t.Helper()
	var out strings.Builder
	for c, err := range b.o.Changes(ListOptions{Patterns: patterns}) {
		must(b.t, err)
		fmt.Fprintf(&out, "%c %q", c.Kind, c.Path)
		if c.Differs != 0 {
			fmt.Fprintf(&out, " %s", c.Differs)
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (b *box) wantList(want string, patterns ...string) {
	b.t.Helper()
	if diff := cmp.Diff(strings.ReplaceAll(want, "\t", ""), b.list(patterns...)); diff != "" {
		b.t.Errorf("changes (-want +got)\n%s", diff)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func shell(t testing.TB, dir, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
}

// snapshot describes all files of a tree: what cp -a keeps. Names of one file
// have the same number. Times are those of regular files and links.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	root, err := openTree(dir)
	must(t, err)
	defer root.close()
	top, err := (&layer{tree: root, plain: true}).top()
	must(t, err)
	all, links := map[string]string{}, map[uint64]string{}
	describeTree(t, top, all, links)
	return all
}

func describeTree(t testing.TB, p place, all map[string]string, links map[uint64]string) {
	t.Helper()
	defer p.dir.Close()
	names, err := p.names()
	must(t, err)
	for _, name := range names {
		n, err := p.look(name)
		must(t, err)
		path, st := join(p.path, name), n.stat
		line := fmt.Sprintf("%o %d:%d %d %q %q", st.Mode, st.UID, st.GID, st.Rdev, st.Target, st.Xattrs)
		if !st.IsDir() {
			line += " " + st.Mtime.String()
			if first := links[st.id.Ino]; first != "" && st.Nlink > 1 {
				line += " = " + first
			}
			links[st.id.Ino] = path
		}
		if st.isRegular() {
			line += " " + readFile(t, p, path)
		}
		all[path] = line
		if st.IsDir() {
			d, err := n.open()
			must(t, err)
			describeTree(t, d, all, links)
		}
	}
}

func readFile(t testing.TB, p place, path string) string {
	t.Helper()
	f, err := p.open(path)
	must(t, err)
	defer f.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(f)
	must(t, err)
	return fmt.Sprintf("%q", b.String())
}

func wantSame(t testing.TB, what string, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// wantEmpty checks that nothing is left of a commit.
func (b *box) wantEmpty() {
	b.t.Helper()
	if names, err := os.ReadDir(b.o.Upper()); err != nil || len(names) > 0 {
		b.t.Errorf("left in the overlay: %v %v", names, err)
	}
	if _, err := b.o.files.Lstat(undoName); !errors.Is(err, unix.ENOENT) {
		b.t.Errorf("the journal is left: %v", err)
	}
}

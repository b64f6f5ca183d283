package catbox

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/testenv"
)

// What is put together anew keeps its owners: another one would be a change that the
// command did not make.
func TestDividedDirectoryKeepsOwners(t *testing.T) {
	testenv.Root(t)
	root, upper := t.TempDir(), t.TempDir()
	for _, dir := range []string{"d/mounted", "d/empty", "d/full/of"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "d/file"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(root, "d/link")); err != nil {
		t.Fatal(err)
	}
	names := []string{"d", "d/empty", "d/full", "d/file", "d/link"}
	for _, name := range names {
		if err := os.Lchown(filepath.Join(root, name), 5, 6); err != nil {
			t.Fatal(err)
		}
	}
	l := &layering{
		tree: &tree{root: root}, points: []namespace.MountPoint{{Path: "/d/mounted", Type: "tmpfs"}}, upper: upper,
		split: map[string][]string{}, alone: func(string) bool { return false },
		work: func() (string, error) { return t.TempDir(), nil },
	}
	if err := l.cover("/"); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(upper, name), &st); err != nil || st.Uid != 5 || st.Gid != 6 {
			t.Errorf("%s: %d:%d, %v", name, st.Uid, st.Gid, err)
		}
	}
}

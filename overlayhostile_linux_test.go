package catbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/catbox-go/catbox/internal/namespace"
)

// Where the command put a symbolic link in the place of a directory that is put
// together anew, the next run makes nothing where it leads.
func TestLayeringFollowsNothingOfTheCommand(t *testing.T) {
	root, upper, out := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{"d/mounted", "d/new"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "d/file"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(out, filepath.Join(upper, "d")); err != nil {
		t.Fatal(err)
	}
	l := &layering{
		tree: &tree{root: root}, points: []namespace.MountPoint{{Path: "/d/mounted", Type: "tmpfs"}}, upper: upper,
		split: map[string][]string{"/": {"d"}}, alone: func(string) bool { return false },
		work: func() (string, error) { return t.TempDir(), nil },
	}
	if err := l.cover("/"); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadDir(out)
	if err != nil || len(made) > 0 {
		t.Errorf("made outside of the overlay: %v, %v", made, err)
	}
	for _, layer := range l.plan.Layers {
		t.Errorf("a layer at %s, which is the command's link", layer.Path)
	}
}

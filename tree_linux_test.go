package catbox

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A link of a root filesystem leads to what is in it, a mount shows its source, and
// what is missing is taken by its name.
func TestTreeCanonical(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	for _, dir := range []string{"etc/deep", "usr/lib", "mnt"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, content := range map[string]string{
		"lib": "usr/lib", "abs": "/etc/deep", "up": "../../../etc", "loop": "loop", "gone": "/no/where", "etc/mnt": "/mnt/sub", "out": other,
	} {
		if err := os.Symlink(content, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(other, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	tr := tree{root: root, mounts: []attached{{"/mnt", other}, {"/mnt/sub/empty", ""}}}
	for name, want := range map[string]string{
		"/": "/", "/etc/../lib/x": "/usr/lib/x", "/abs": "/etc/deep", "/up/deep": "/etc/deep", "/../..": "/", "/gone": "/no/where",
		"/etc/mnt": "/mnt/sub", "/etc/mnt/empty/y": "/mnt/sub/empty/y", "/new/../lib": "/usr/lib", "/out": other, "/abs/": "/etc/deep",
	} {
		if got, err := tr.canonical(name); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
	if _, err := tr.canonical("/loop"); !errors.Is(err, unix.ELOOP) {
		t.Errorf("loop: %v", err)
	}
	if host, ok := tr.host("/mnt/sub"); !ok || host != filepath.Join(other, "sub") {
		t.Errorf("host: %s %v", host, ok)
	}
	if _, ok := tr.host("/mnt/sub/empty/x"); ok {
		t.Error("the host knows nothing of a mount of the run's own")
	}
	if !tr.isDir("/mnt/sub/empty") || tr.isDir("/mnt/sub/other") {
		t.Error("an own mount is a directory")
	}
	if seen, ok := tr.view(filepath.Join(other, "sub/f")); !ok || seen != "/mnt/sub/f" {
		t.Errorf("view: %s %v", seen, ok)
	}
	if seen, ok := tr.view("/elsewhere"); ok {
		t.Errorf("view of what is not seen: %s", seen)
	}
}

// An overlay's upper tree lies over the root: what it has, removes or makes anew.
func TestTreeLayers(t *testing.T) {
	root, upper := t.TempDir(), t.TempDir()
	for _, dir := range []string{"a/b", "c", "opaque/below"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"a/new", "opaque"} {
		if err := os.MkdirAll(filepath.Join(upper, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mknod(filepath.Join(upper, "c"), unix.S_IFCHR, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(filepath.Join(upper, "opaque"), "user.overlay.opaque", []byte("y"), 0); err != nil {
		t.Fatal(err)
	}
	tr := tree{root: root, layers: []string{upper}}
	for name, want := range map[string]bool{"/a": true, "/a/b": true, "/a/new": true, "/c": false, "/opaque": true, "/opaque/below": false} {
		if got := tr.isDir(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if host, _ := tr.bottom().host("/a/new"); host != filepath.Join(root, "a/new") {
		t.Errorf("bottom: %s", host)
	}
}

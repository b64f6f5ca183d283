package unpack_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/image/internal/unpack"
	"github.com/catbox-go/catbox/internal/testenv"
)

var layer = unpack.Layer{Whiteouts: true}

// unpackAll adds archives to a new directory, and finishes it.
func unpackAll(t *testing.T, o unpack.Options, l unpack.Layer, archives ...[]byte) (string, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	tree, err := unpack.Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	t.Cleanup(func() { unpack.RemoveAll(dir) })
	for _, a := range archives {
		if err := tree.Add(context.Background(), bytes.NewReader(a), l); err != nil {
			return dir, err
		}
	}
	return dir, tree.Finish()
}

func TestLayers(t *testing.T) {
	base := []Entry{
		{Name: "./"}, {Name: "a/"}, {Name: "a/one", Body: "1"}, {Name: "a/two", Body: "2"}, {Name: "a/sub/"}, {Name: "a/sub/deep", Body: "d"},
		{Name: "real/"}, {Name: "link", Link: "real"}, {Name: "absolute", Link: "/real"},
	}
	for _, test := range []struct {
		name   string
		upper  []Entry
		remove []string
		want   map[string]string
	}{
		{"a whiteout removes a file", []Entry{{Name: "a/.wh.one"}}, []string{"a/one"}, nil},
		{"a whiteout removes a directory", []Entry{{Name: ".wh.a"}}, []string{"a", "a/one", "a/two", "a/sub", "a/sub/deep"}, nil},
		{"a whiteout of nothing does nothing", []Entry{{Name: ".wh.none"}, {Name: "none/.wh.x"}}, nil, nil},
		{"a whiteout spares its own layer, before it", []Entry{{Name: "a/one", Body: "new"}, {Name: "a/.wh.one"}}, nil, map[string]string{"a/one": "f new"}},
		{"a whiteout spares its own layer, after it", []Entry{{Name: "a/.wh.one"}, {Name: "a/one", Body: "new"}}, nil, map[string]string{"a/one": "f new"}},
		{"a whiteout of a directory made anew", []Entry{{Name: "a/new", Body: "n"}, {Name: ".wh.a"}}, []string{"a/one", "a/two", "a/sub", "a/sub/deep"}, map[string]string{"a/new": "f n"}},
		{"an opaque directory", []Entry{{Name: "a/"}, {Name: "a/.wh..wh..opq"}, {Name: "a/new", Body: "n"}}, []string{"a/one", "a/two", "a/sub", "a/sub/deep"}, map[string]string{"a/new": "f n"}},
		{"an opaque mark that comes last", []Entry{{Name: "a/sub/new", Body: "n"}, {Name: "a/.wh..wh..opq"}}, []string{"a/one", "a/two", "a/sub/deep"}, map[string]string{"a/sub/new": "f n"}},
		{"an opaque root", []Entry{{Name: ".wh..wh..opq"}, {Name: "x", Body: "x"}}, []string{"a", "a/one", "a/two", "a/sub", "a/sub/deep", "real", "link", "absolute"}, map[string]string{"x": "f x"}},
		{"aufs's own files", []Entry{{Name: ".wh..wh.aufs"}, {Name: ".wh..wh.orph", Body: "x"}}, nil, nil},
		{"a file over a directory", []Entry{{Name: "a", Body: "file"}}, []string{"a/one", "a/two", "a/sub", "a/sub/deep"}, map[string]string{"a": "f file"}},
		{"a directory over a link", []Entry{{Name: "link/"}}, nil, map[string]string{"link": "d"}},
		{"a file over a link does not go through it", []Entry{{Name: "link", Body: "x"}}, nil, map[string]string{"link": "f x"}},
		{"through a link of a lower layer", []Entry{{Name: "link/x", Body: "x"}, {Name: "absolute/y", Body: "y"}}, nil, map[string]string{"real/x": "f x", "real/y": "f y"}},
		{"a directory keeps what is in it", []Entry{{Name: "a/"}}, nil, nil},
		{"hard link to a lower layer", []Entry{{Name: "h", Hard: "a/one"}}, nil, map[string]string{"h": "f 1"}},
		{"the last of two wins", []Entry{{Name: "x", Body: "first"}, {Name: "x", Body: "second"}}, nil, map[string]string{"x": "f second"}},
		{"a copy of a hard link is not written through", []Entry{{Name: "h", Hard: "a/one"}, {Name: "h", Body: "new"}}, nil, map[string]string{"h": "f new"}},
		{"a directory removed and made again", []Entry{{Name: "a/x", Body: "x"}, {Name: "a", Body: "f"}, {Name: "a/"}, {Name: "a/y", Body: "y"}},
			[]string{"a/one", "a/two", "a/sub", "a/sub/deep"}, map[string]string{"a/y": "f y"}},
		{"a newline in a name", []Entry{{Name: "a\nb", Body: "x"}}, nil, map[string]string{"a\nb": "f x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, err := unpackAll(t, unpack.Options{}, layer, Tar(t, base...))
			if err != nil {
				t.Fatal(err)
			}
			want := Tree(t, before)
			for _, p := range test.remove {
				delete(want, p)
			}
			for p, c := range test.want {
				want[p] = c
			}
			dir, err := unpackAll(t, unpack.Options{}, layer, Tar(t, base...), Tar(t, test.upper...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, Tree(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRemoveAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(filepath.Join(dir, "a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "a/b/l")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"a/b", "a", "."} {
		if err := os.Chmod(filepath.Join(dir, p), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := unpack.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("what a link led to is gone: %v", err)
	}
	if err := unpack.RemoveAll(dir); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestContextEnds(t *testing.T) {
	tree, err := unpack.Create(t.TempDir(), unpack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := tree.Add(ctx, bytes.NewReader(Tar(t, Entry{Name: "x"})), layer); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestSparse(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("end"), 64<<20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	archive := filepath.Join(dir, "s.tar")
	for _, format := range []string{"--format=gnu", "--format=pax"} {
		Run(t, "tar", "-C", dir, "--sparse", format, "-cf", archive, "s")
		data, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		root, err := unpackAll(t, unpack.Options{}, layer, data)
		if err != nil {
			t.Fatal(err)
		}
		fi, err := os.Stat(filepath.Join(root, "s"))
		if err != nil {
			t.Fatal(err)
		}
		if st := fi.Sys().(*syscall.Stat_t); fi.Size() != 64<<20+3 || st.Blocks > 1000 {
			t.Errorf("%s: %d bytes in %d blocks", format, fi.Size(), st.Blocks)
		}
	}
}

func TestMain(m *testing.M) {
	testenv.Main(testenv.Helpers{})
	os.Exit(m.Run())
}

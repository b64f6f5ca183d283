package unpack_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

func TestHostile(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("untouched"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Dir(victim)
	deep := strings.Repeat("d/", 200)
	for _, test := range []struct {
		name    string
		entries []Entry
		want    string // in the error
	}{
		{"dot dot", []Entry{{Name: "../x", Body: "x"}}, `"../x"`},
		{"dot dot in the middle", []Entry{{Name: "a/../../x", Body: "x"}}, ".. component"},
		{"absolute", []Entry{{Name: victim, Body: "x"}}, "absolute"},
		{"absolute link, then through it", []Entry{{Name: "l", Link: out}, {Name: "l/victim", Body: "x"}}, "leads out"},
		{"relative link out, then through it", []Entry{{Name: "l", Link: "../../../../../../.." + out}, {Name: "l/victim", Body: "x"}}, "leads out"},
		{"link to a link out", []Entry{{Name: "a", Link: "b"}, {Name: "b", Link: ".."}, {Name: "a/x", Body: "x"}}, "leads out"},
		{"links in a circle", []Entry{{Name: "a", Link: "b"}, {Name: "b", Link: "a"}, {Name: "a/x", Body: "x"}}, "symbolic links"},
		{"hard link out", []Entry{{Name: "h", Hard: "../../victim"}}, ".. component"},
		{"absolute hard link", []Entry{{Name: "h", Hard: victim}}, "absolute"},
		{"hard link through a link", []Entry{{Name: "l", Link: out}, {Name: "h", Hard: "l/victim"}}, "leads out"},
		{"hard link to what is not there", []Entry{{Name: "h", Hard: "none"}}, "does not have"},
		{"hard link to a directory", []Entry{{Name: "d/"}, {Name: "h", Hard: "d"}}, "is a directory"},
		{"hard link over its own parent", []Entry{{Name: "d/f", Body: "x"}, {Name: "d", Hard: "d/f"}}, "below it"},
		{"below a file", []Entry{{Name: "f", Body: "x"}, {Name: "f/x", Body: "x"}}, "not a directory"},
		{"root is a file", []Entry{{Name: "./.", Body: "x"}}, "root of the image"},
		{"root is a link", []Entry{{Name: ".", Link: out}}, "root of the image"},
		{"whiteout of dot dot", []Entry{{Name: ".wh..."}}, "whiteout"},
		{"whiteout of dot", []Entry{{Name: ".wh.."}}, "whiteout"},
		{"whiteout of nothing", []Entry{{Name: ".wh."}}, "whiteout"},
		{"too deep", []Entry{{Name: deep + "x"}}, "limit of depth"},
		{"name too long", []Entry{{Name: strings.Repeat("x", 5000)}}, "PATH_MAX"},
		{"link to nowhere", []Entry{{Header: &tar.Header{Name: "l", Typeflag: tar.TypeSymlink}}}, "no target"},
		{"owner that wraps to root", []Entry{{Name: "x", UID: 1 << 32, Mode: 0o4755}}, "4294967296:0"},
		{"owner that chown leaves", []Entry{{Name: "x", GID: 1<<32 - 1}}, "0:4294967295"},
		{"unknown type", []Entry{{Header: &tar.Header{Name: "l", Typeflag: 'Z'}}}, "tar(5)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, err := unpackAll(t, unpack.Options{}, layer, Tar(t, test.entries...))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if got := Tree(t, filepath.Dir(dir)); len(got) > 0 {
				for p := range got {
					if p != "root" && !strings.HasPrefix(p, "root/") {
						t.Errorf("made %q outside", p)
					}
				}
			}
			if got, _ := os.ReadFile(victim); string(got) != "untouched" {
				t.Errorf("the victim holds %q", got)
			}
		})
	}
}

// TestLinkIsReplaced: an entry at a link's name takes the link's place.
func TestLinkIsReplaced(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, second := range []Entry{
		{Name: "l", Body: "x", Mode: 0o777},
		{Name: "l", Link: "y"},
		{Name: "l/"},
		{Name: "l", Hard: "f"},
		{Header: &tar.Header{Name: "l", Typeflag: tar.TypeFifo, Mode: 0o777}},
	} {
		dir, err := unpackAll(t, unpack.Options{}, layer, Tar(t, Entry{Name: "f", Body: "f"}, Entry{Name: "l", Link: victim}, second))
		if err != nil {
			t.Error(err)
		}
		if to, _ := os.Readlink(filepath.Join(dir, "l")); to == victim {
			t.Errorf("%+v did not replace the link", second)
		}
		fi, err := os.Stat(victim)
		if err != nil || fi.Mode().Perm() != 0o600 || fi.Size() != 9 {
			t.Errorf("%+v: the victim is %v, %v", second, fi, err)
		}
	}
}

func TestAbsoluteNamesOnWish(t *testing.T) {
	dir, err := unpackAll(t, unpack.Options{AbsoluteNames: true}, layer, Tar(t, Entry{Name: "/etc/x", Body: "x"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := Tree(t, dir)["etc/x"]; got != "f x" {
		t.Errorf("etc/x is %q", got)
	}
}

func TestLimits(t *testing.T) {
	small := []Entry{{Name: "a", Body: "12345"}, {Name: "b", Body: "12345"}, {Name: "c/d/e", Body: ""}}
	for _, test := range []struct {
		limits unpack.Limits
		want   string
	}{
		{unpack.Limits{Bytes: 9}, "bytes"},
		{unpack.Limits{Entries: 2}, "entries"},
		{unpack.Limits{Depth: 2}, "depth"},
	} {
		_, err := unpackAll(t, unpack.Options{Limits: test.limits}, layer, Tar(t, small...))
		limit, ok := errors.AsType[*unpack.LimitError](err)
		if !ok || limit.Limit != test.want {
			t.Errorf("%+v: %v", test.limits, err)
		}
	}
	if _, err := unpackAll(t, unpack.Options{Limits: unpack.Limits{Bytes: 1 << 20, Entries: 3, Depth: 3}}, layer, Tar(t, small...)); err != nil {
		t.Errorf("just within: %v", err)
	}
}

func TestSizeThatLies(t *testing.T) {
	huge := &tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 1 << 40, Format: tar.FormatPAX}
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(huge); err != nil {
		t.Fatal(err)
	}
	if _, err := unpackAll(t, unpack.Options{}, layer, b.Bytes()); err == nil || !strings.Contains(err.Error(), "limit of bytes") {
		t.Errorf("1 TiB in a header: %v", err)
	}
	if _, err := unpackAll(t, unpack.Options{Limits: unpack.Limits{Bytes: 1 << 50}}, layer, b.Bytes()); err == nil {
		t.Error("an archive that is cut off was taken")
	}
}

func TestCutOff(t *testing.T) {
	whole := Tar(t, Entry{Name: "a", Body: strings.Repeat("x", 3000)})
	for _, n := range []int{100, 600, 2000} {
		if _, err := unpackAll(t, unpack.Options{}, layer, whole[:n]); err == nil {
			t.Errorf("%d bytes of %d were taken", n, len(whole))
		}
	}
}

func TestNotEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack.Create(dir, unpack.Options{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("unpacking over files: %v", err)
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

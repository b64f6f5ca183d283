package unpack_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/image/internal/unpack"
)

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

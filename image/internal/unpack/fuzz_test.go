package unpack_test

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/image/internal/unpack"
)

// FuzzTar feeds archives of arbitrary bytes.
func FuzzTar(f *testing.F) {
	f.Add(Tar(f, owned...))
	f.Add(Tar(f, Entry{Name: "l", Link: "../x"}, Entry{Name: "l/y", Body: "z"}))
	f.Add(Tar(f, Entry{Name: ".wh.x"}, Entry{Name: "d/.wh..wh..opq"}))
	f.Fuzz(func(t *testing.T, data []byte) { stays(t, data) })
}

// FuzzEntries feeds archives of two entries with arbitrary names, which get
// further than arbitrary bytes do.
func FuzzEntries(f *testing.F) {
	f.Add("l", "..", uint8('2'), "l/x", "", uint8('0'))
	f.Add("l", "/", uint8('2'), "h", "l/etc/passwd", uint8('1'))
	f.Add("d/.wh...", "", uint8('0'), "d", "", uint8('5'))
	f.Fuzz(func(t *testing.T, name, link string, kind uint8, name2, link2 string, kind2 uint8) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range []*tar.Header{{Name: name, Linkname: link, Typeflag: kind, Mode: 0o644}, {Name: name2, Linkname: link2, Typeflag: kind2, Mode: 0o644}} {
			if w.WriteHeader(h) != nil {
				return
			}
		}
		w.Close()
		stays(t, b.Bytes())
	})
}

// stays unpacks and looks whether anything was made or changed beside the
// directory.
func stays(t *testing.T, data []byte) {
	outer := t.TempDir()
	victim := filepath.Join(outer, "x")
	if err := os.WriteFile(victim, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(outer, "root")
	o := unpack.Options{Unprivileged: true, Limits: unpack.Limits{Bytes: 1 << 20, Entries: 100, Depth: 20}}
	tree, err := unpack.Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if tree.Add(context.Background(), bytes.NewReader(data), layer) == nil {
		if err := tree.Finish(); err != nil {
			t.Error(err)
		}
	}
	tree.Close()
	if err := unpack.RemoveAll(dir); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(outer)
	body, rerr := os.ReadFile(victim)
	if err != nil || rerr != nil || len(left) != 1 || string(body) != "untouched" {
		t.Errorf("outside: %v %v %q %v", left, err, body, rerr)
	}
}

package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
)

func TestFakerootByItsName(t *testing.T) {
	for name, want := range map[string]bool{
		"fakeroot": true, "/usr/local/bin/fakeroot": true, "fakeroot-catbox": true,
		"catbox": false, "/opt/fakeroot/catbox": false, "fakeroots": false,
	} {
		if got := calledFakeroot(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// An inode's number with another birth time: its file was removed by somebody
// whom the fake root does not see.
func TestWhatIsDroppedDuringARunIsRememberedOnceAndBounded(t *testing.T) {
	s, err := fakeOptions{on: true}.open()
	if err != nil {
		t.Fatal(err)
	}
	const n = 1500
	for i := range uint64(n) {
		if err := s.state.Put(catbox.FakeEntry{ID: fakeroot.ID{Dev: 1, Ino: i, Birth: 3}, UID: 5, Path: "/gone"}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, known := s.state.Get(fakeroot.ID{Dev: 1, Ino: i, Birth: 4}); known {
				t.Fatal("an entry outlived its inode")
			}
		}
	}
	if s.state.Dropped() != n || len(s.dropped) != 1000 || s.dropped[0].Path != "/gone" {
		t.Errorf("%d dropped, %d remembered", s.state.Dropped(), len(s.dropped))
	}
}

func TestOutputIsWrittenWhereItsNameLed(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", link); err != nil {
		t.Fatal(err)
	}
	writeOutput(t, link, "new")
	if got := contents(t, target); got != "new" {
		t.Errorf("through a link: %q", got)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestOutputToADescriptorIsAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("before "), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	writeOutput(t, sys.FDPath(int(f.Fd())), "after")
	if got := contents(t, path); got != "before after" {
		t.Errorf("%q", got)
	}
}

func writeOutput(t *testing.T, path, text string) {
	t.Helper()
	o, err := openOutput(path)
	if err != nil {
		t.Fatal(err)
	}
	err = o.write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := o.close(); err != nil {
		t.Error(err)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

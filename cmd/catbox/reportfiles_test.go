package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDigest(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	root := t.TempDir()
	ended := time.Now().Add(-time.Minute)
	write := func(path string, changed time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte("hello\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	write(outside, ended.Add(-time.Second))
	write(root+"/made", ended.Add(-time.Second))
	write(root+"/later", ended.Add(time.Second))
	for name, to := range map[string]string{"link": "made", "out": filepath.Dir(outside)} {
		if err := os.Symlink(to, root+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(root+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	f := openFiles(root, ended)
	defer f.close()
	for path, want := range map[string]string{
		"/made": "", "/later": "changed after the run", "/gone": "not there any more", "/made/below": "not there any more",
		"/link": "no regular file", "/fifo": "no regular file", "/out/secret": "leads out of the root directory",
	} {
		d, unknown := f.Digest(path)
		// sha1sum(1) and sha256sum(1) of it.
		known := d.SHA1 == "f572d396fae9206628714fb2ce00f72e94f2258f" && d.SHA256 == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
		if unknown != want || known != (want == "") || !known && d.SHA256 != "" {
			t.Errorf("%s: %+v, %q, want %q", path, d, unknown, want)
		}
	}
	if _, unknown := openFiles(root+"/gone", ended).Digest("/made"); unknown != "root directory: not there any more" {
		t.Errorf("%q", unknown)
	}
}

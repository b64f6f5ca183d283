package overlay

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// inodeOf is that of a file.
func inodeOf(t *testing.T, name string) uint64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Lstat(name, &st))
	return st.Ino
}

// TestNewFilesAreNotCopied looks which files a commit links. What is not just what the
// file is to be, or may still be written, is a copy.
func TestNewFilesAreNotCopied(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		before func(b *box) // done on the host
		copied bool
	}{
		"new":                  {script: "echo x >etc/f"},
		"with attributes":      {script: "echo x >etc/f; setfattr -n user.k -v v etc/f; chmod 4711 etc/f"},
		"not readable":         {script: "echo x >etc/f; chmod 0 etc/f"},
		"a hard link":          {script: "echo x >etc/f; ln etc/f etc/g", copied: true},
		"moved from elsewhere": {script: "echo x >>etc/one; mv etc/one etc/f"},
		"marked by overlayfs": {script: "echo x >etc/f", copied: true, before: func(b *box) {
			must(b.t, unix.Setxattr(filepath.Join(b.o.Upper(), "etc/f"), "user.overlay.origin", []byte("x"), 0))
		}},
		"in an opaque directory": {script: "rm -r etc; mkdir etc; echo x >etc/f", copied: true},
		"noted": {script: "echo x >etc/f", copied: true, before: func(b *box) {
			state, err := fakeroot.Open(b.o.FakeRoot())
			must(t, err)
			st, err := b.o.upper.stat("/etc/f")
			must(t, err)
			must(t, state.Put(fakeroot.Entry{ID: st.id, Mode: st.Mode, UID: st.UID, GID: st.GID, Path: b.o.Upper() + "/etc/f"}))
			must(t, state.Close())
			b.open()
		}},
		"divided": {script: "echo x >etc/f", copied: true, before: func(b *box) {
			must(t, b.o.SetSplit(map[string][]string{"/etc": {"one", "two"}}))
			shell(b.t, b.o.Upper(), "cp -p "+b.root+"/etc/one "+b.root+"/etc/two etc")
			b.open()
		}},
		"open for writing": {script: "echo x >etc/f", copied: true, before: func(b *box) {
			f, err := os.OpenFile(filepath.Join(b.o.Upper(), "etc/f"), os.O_WRONLY, 0)
			must(b.t, err)
			b.t.Cleanup(func() { f.Close() })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, plainRoot)
			b.run(test.script)
			if test.before != nil {
				test.before(b)
			}
			was := inodeOf(t, filepath.Join(b.o.Upper(), "etc/f"))
			want := snapshot(t, b.o.Upper())["/etc/f"]
			must(t, b.commit("etc/f"))
			now := inodeOf(t, filepath.Join(b.root, "etc/f"))
			if copied := now != was; copied != test.copied {
				t.Errorf("copied: %t", copied)
			}
			if got := snapshot(t, b.root)["/etc/f"]; got != want && !test.copied {
				t.Errorf("want %s, got %s", want, got)
			}
		})
	}
}

// TestNothingIsSharedAfterwards writes in the overlay again what was committed from it.
func TestNothingIsSharedAfterwards(t *testing.T) {
	for name, test := range map[string]struct{ script, pattern, file string }{
		"all":                          {"echo x >etc/f", "**", "etc/f"},
		"a directory":                  {"mkdir -p d/e; echo x >d/e/f; echo y >d/g", "d", "d/e/f"},
		"part of a directory":          {"mkdir d; echo x >d/f; echo y >d/g", "d/f", "d/f"},
		"part of an opaque directory":  {"rm -r usr/share/doc; mkdir usr/share/doc; echo x >usr/share/doc/f", "usr/share/doc/f", "usr/share/doc/f"},
		"below an opaque directory":    {"rm -r usr/share; mkdir -p usr/share/doc; echo x >usr/share/doc/f", "usr/share/doc/f", "usr/share/doc/f"},
		"one name of several":          {"echo x >etc/f; ln etc/f usr/f", "etc/f", "usr/f"},
		"several names of one":         {"echo x >etc/f; ln etc/f usr/f", "*/f", "usr/f"},
		"in the place of another file": {"rm etc/one; echo x >etc/one", "etc/one", "etc/one"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, plainRoot)
			b.run(test.script)
			must(t, b.commit(test.pattern))
			before := snapshot(t, b.root)
			b.run("echo more >>" + test.file + "; chmod 600 " + test.file)
			wantSame(t, "root", before, snapshot(t, b.root))
			must(t, b.commit())
			shell(t, b.root, "grep -q more "+test.file)
		})
	}
}

// TestWhatWasMovedMeanwhileIsNotShared moves what was committed before it has left the
// overlay: there it is no file of the root any more.
func TestWhatWasMovedMeanwhileIsNotShared(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("chmod 711 usr; echo x >usr/lib/new")
	b.o.step = func(step string) {
		if step == "committed" {
			shell(t, b.root, "mv usr moved; touch usr")
		}
	}
	must(t, b.commit("usr/lib/new"))
	if _, err := os.Lstat(filepath.Join(b.o.Upper(), "usr/lib/new")); !os.IsNotExist(err) {
		t.Errorf("the overlay still has it: %v", err)
	}
	shell(t, b.root, "grep -q x moved/lib/new")
}

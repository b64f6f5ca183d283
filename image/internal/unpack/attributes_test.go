package unpack_test

import (
	"archive/tar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/image/internal/unpack"
	"github.com/catbox-go/catbox/internal/testenv"
)

// owned is an archive with all that only root can set.
var owned = []Entry{
	{Name: "./", Mode: 0o711},
	{Name: "etc/", UID: 0, Mode: 0o555},
	{Name: "etc/shadow", Body: "s", GID: 42, Mode: 0o640},
	{Name: "bin/su", Body: "su", Mode: 0o4755, UID: 7},
	{Name: "none", Body: "n", Mode: 0o001},
	{Name: "alias", Hard: "bin/su"},
	{Name: "link", Link: "etc/shadow", UID: 9, GID: 9},
	{Header: &tar.Header{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3, Mode: 0o666, ModTime: Time}},
	{Header: &tar.Header{Name: "pipe", Typeflag: tar.TypeFifo, Mode: 0o622, ModTime: Time}},
	{Header: &tar.Header{Name: "ping", Typeflag: tar.TypeReg, Mode: 0o755, ModTime: Time, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00 \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}}},
}

func TestUnprivileged(t *testing.T) {
	notes := map[string]unpack.Noted{}
	o := unpack.Options{Unprivileged: true, Note: func(n unpack.Noted) error { notes[n.Path] = n; return nil }}
	dir, err := unpackAll(t, o, layer, Tar(t, owned...))
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]os.FileMode{"etc": os.ModeDir | 0o755, "etc/shadow": 0o640, "bin/su": 0o755, "none": 0o601, "null": 0o600, "ping": 0o755} {
		fi, err := os.Lstat(filepath.Join(dir, p))
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode() != want {
			t.Errorf("%s has the mode %v, want %v", p, fi.Mode(), want)
		}
		if !fi.IsDir() && !fi.ModTime().Equal(Time) {
			t.Errorf("%s has the time %v", p, fi.ModTime())
		}
	}
	want := map[string]unpack.Noted{
		"etc/shadow": {Path: "etc/shadow", GID: 42, Mode: 0o100640},
		"bin/su":     {Path: "bin/su", UID: 7, Mode: 0o104755},
		"alias":      {Path: "alias", UID: 7, Mode: 0o104755},
		"none":       {Path: "none", Mode: 0o100001},
		"null":       {Path: "null", Mode: 0o020666, Major: 1, Minor: 3},
		"link":       {Path: "link", UID: 9, GID: 9, Mode: 0o120644},
		"etc":        {Path: "etc", Mode: 0o040555},
	}
	for p, n := range want {
		if diff := cmp.Diff(n, notes[p]); diff != "" {
			t.Errorf("note of %s: %s", p, diff)
		}
	}
	if os.Geteuid() != 0 && notes["ping"].Xattrs["security.capability"] == nil {
		t.Error("the capability is not noted")
	}
}

// TestNotesFollow: what is gone has no note, what was replaced that of the new.
func TestNotesFollow(t *testing.T) {
	var got []string
	o := unpack.Options{Unprivileged: true, Note: func(n unpack.Noted) error { got = append(got, n.Path); return nil }}
	_, err := unpackAll(t, o, layer,
		Tar(t, Entry{Name: "./", UID: 5}, Entry{Name: "d/", UID: 5}, Entry{Name: "d/x", UID: 5}, Entry{Name: "d/y", UID: 5}, Entry{Name: "z", UID: 5}),
		Tar(t, Entry{Name: "d/.wh.x"}, Entry{Name: "z", UID: os.Geteuid(), GID: os.Getegid()}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".", "d", "d/y"}, got); diff != "" {
		t.Error(diff)
	}
}

// listing is what find(1) says of a tree.
func listing(t *testing.T, dir string) string {
	cmd := exec.Command(testenv.Command(t, "find"), ".", "-printf", `%p %y %m %U %G %s %T@ %n %l\n`)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(out), "\n")
	for i, l := range lines { // sizes of directories are the file system's
		if f := strings.Fields(l); len(f) > 5 && f[1] == "d" {
			f[5], f[7] = "", ""
			lines[i] = strings.Join(f, " ")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestAsTarDoes compares with tar x -p, as root also owners, devices and
// capabilities.
func TestAsTarDoes(t *testing.T) {
	entries := append([]Entry{}, owned...)
	for i, e := range entries { // no implicit directories: tar gives them the time of now
		if e.Name == "bin/su" {
			entries = append(entries[:i], append([]Entry{{Name: "bin/"}}, entries[i:]...)...)
			break
		}
	}
	if os.Geteuid() != 0 {
		entries = []Entry{{Name: "./"}, {Name: "a/", Mode: 0o750}, {Name: "a/f", Body: "f", Mode: 0o600}, {Name: "a/l", Link: "f"}, {Name: "a/h", Hard: "a/f"}}
		for i := range entries {
			entries[i].UID, entries[i].GID = os.Geteuid(), os.Getegid()
		}
	}
	data := Tar(t, entries...)
	archive, theirs := filepath.Join(t.TempDir(), "a.tar"), t.TempDir()
	if err := os.WriteFile(archive, data, 0o644); err != nil {
		t.Fatal(err)
	}
	Run(t, "tar", "-C", theirs, "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf", archive)
	t.Cleanup(func() { unpack.RemoveAll(theirs) })
	ours, err := unpackAll(t, unpack.Options{}, layer, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(listing(t, theirs), listing(t, ours)); diff != "" {
		t.Error(diff)
	}
	if os.Geteuid() == 0 {
		if got := Run(t, "getcap", filepath.Join(ours, "ping")); !strings.Contains(got, "cap_net_raw") {
			t.Errorf("getcap says %q", got)
		}
	}
}

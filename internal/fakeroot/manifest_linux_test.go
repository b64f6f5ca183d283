package fakeroot

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/catbox-go/catbox/internal/testenv"
)

func TestDeviceNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		major, minor := rapid.Uint32().Draw(t, "major"), rapid.Uint32().Draw(t, "minor")
		dev := Mkdev(major, minor)
		if want := unix.Mkdev(major, minor); dev != want {
			t.Fatalf("Mkdev %x, want %x", dev, want)
		}
		if Major(dev) != major || Minor(dev) != minor {
			t.Fatalf("%x: %d, %d", dev, Major(dev), Minor(dev))
		}
	})
}

func TestRelative(t *testing.T) {
	for _, test := range []struct{ base, name, want string }{
		{"/b", "/b/a", "a"},
		{"/b/", "/b/a/c", "a/c"},
		{"/b", "/b", "."},
		{"/b", "/bc", "/bc"},
		{"/b", "/a", "/a"},
		{"/", "/a", "a"},
		{"/", "/", "."},
		{"", "/a", "/a"},
	} {
		if got := relative(test.base, test.name); got != test.want {
			t.Errorf("%q below %q: %q, want %q", test.name, test.base, got, test.want)
		}
	}
}

// sample has one of each type, with names that need care.
func sample(base string) []Entry {
	names := []Entry{
		{Path: "", Mode: 0o040755, UID: 9, GID: 9},
		{Path: "/d x", Mode: 0o042755, UID: 1, GID: 2},
		{Path: "/d x/é=#\\*a\n", Mode: 0o104755, UID: 7, GID: 8, Xattrs: map[string][]byte{"security.capability": {1, 0}, "user.gone": nil}},
		{Path: "/null", Mode: 0o020666, GID: 5, Rdev: Mkdev(1, 3)},
		{Path: "/disk", Mode: 0o060660, GID: 6, Rdev: Mkdev(4095, 1048575)},
		{Path: "/link", Mode: 0o120777, UID: 3, GID: 4},
		{Path: "/fifo", Mode: 0o010600, UID: 1<<32 - 2, GID: 1},
		{Path: "/\xff", Mode: 0o100000},
	}
	for i := range names {
		names[i].Ino = uint64(i + 1)
		names[i].Path = base + names[i].Path
	}
	return names
}

func TestManifest(t *testing.T) {
	var b bytes.Buffer
	outside := Entry{ID: ID{Ino: 90}, Path: "/etc/passwd", Mode: 0o100640}
	err := WriteManifest(&b, "/base", append(sample("/base"), Entry{Mode: 0o100644}, outside))
	var lost *Lost
	if !errors.As(err, &lost) || *lost != (Lost{Unnamed: 1}) || err.Error() != "not written: 1 entries without a path" {
		t.Errorf("%v", err)
	}
	const want = `{"path":".","type":"dir","mode":"0755","uid":9,"gid":9}
{"path":"/etc/passwd","type":"file","mode":"0640","uid":0,"gid":0}
{"path":"d x","type":"dir","mode":"02755","uid":1,"gid":2}
{"path":"d x/é=#\\*a\n","type":"file","mode":"04755","uid":7,"gid":8,"xattrs":[{"name":"security.capability","value":"AQA="},{"name":"user.gone","value":null}]}
{"path":"disk","type":"block","mode":"0660","uid":0,"gid":6,"device":{"major":4095,"minor":1048575}}
{"path":"fifo","type":"fifo","mode":"0600","uid":4294967294,"gid":1}
{"path":"link","type":"link","mode":"0777","uid":3,"gid":4}
{"path":"null","type":"char","mode":"0666","uid":0,"gid":5,"device":{"major":1,"minor":3}}
{"path_base64":"/w==","type":"file","mode":"0","uid":0,"gid":0}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMtree(t *testing.T) {
	var b bytes.Buffer
	outside := Entry{ID: ID{Ino: 90}, Path: "/etc/passwd", Mode: 0o640}
	readlink := func(path string) (string, error) { return "to " + path, nil }
	err := WriteMtree(&b, "/base", append(sample("/base"), Entry{Mode: 0o100644}, outside), readlink)
	var lost *Lost
	if !errors.As(err, &lost) || *lost != (Lost{Unnamed: 1, Xattrs: 1}) {
		t.Errorf("%v", err)
	}
	const want = `#mtree
. type=dir mode=0755 uid=9 gid=9
\057etc/passwd mode=0640 uid=0 gid=0
./d\040x type=dir mode=2755 uid=1 gid=2
./d\040x/\303\251\075\043\134\052a\012 type=file mode=4755 uid=7 gid=8
./disk type=block mode=0660 uid=0 gid=6 device=native,4095,1048575 contents=/nonexistent
./fifo type=fifo mode=0600 uid=4294967294 gid=1
./link type=link mode=0777 uid=3 gid=4 link=to\040/base/link
./null type=char mode=0666 uid=0 gid=5 device=native,1,3 contents=/nonexistent
./\377 type=file mode=0000 uid=0 gid=0
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBsdtarMakesAnArchiveOfIt packs files of an ordinary user, as a build
// leaves them, with what was noted of them.
func TestBsdtarMakesAnArchiveOfIt(t *testing.T) {
	bsdtar := testenv.Command(t, "bsdtar")
	base := t.TempDir()
	entries := sample(base)
	for _, e := range entries {
		onDisk(t, e)
	}
	spec, archive := filepath.Join(t.TempDir(), "spec"), filepath.Join(t.TempDir(), "tar")
	file, err := os.Create(spec)
	must(t, err)
	if err := WriteMtree(file, base, entries, os.Readlink); !errors.As(err, new(*Lost)) {
		t.Fatal(err)
	}
	must(t, file.Close())
	c := exec.Command(bsdtar, "-cf", archive, "--format", "pax", "@"+spec)
	c.Dir, c.Env = base, append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := map[string]string{}
	for _, e := range entries {
		name := strings.TrimSuffix("."+strings.TrimPrefix(e.Path, base), "/")
		want[name] = describe(e)
	}
	if diff := cmp.Diff(want, archived(t, archive)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// onDisk makes what stands for the entry: a plain file for a device.
func onDisk(t *testing.T, e Entry) {
	t.Helper()
	switch e.Mode & typeMask {
	case 0o040000:
		must(t, os.MkdirAll(e.Path, 0o755))
	case typeLink:
		must(t, os.Symlink("/target x", e.Path))
	case 0o010000:
		must(t, unix.Mkfifo(e.Path, 0o600))
	default:
		must(t, os.WriteFile(e.Path, []byte("content"), 0o644))
	}
}

// describe is the entry as archived describes one of an archive.
func describe(e Entry) string {
	link, content := "", ""
	switch e.Mode & typeMask {
	case typeLink:
		link = "/target x"
	case 0o100000:
		content = "content"
	}
	return fmt.Sprintf("%s %04o %d %d %d,%d %q %q", typeNames[e.Mode&typeMask], e.Mode&0o7777,
		e.UID, e.GID, Major(e.Rdev), Minor(e.Rdev), link, content)
}

var tarTypes = map[byte]string{
	tar.TypeReg: "file", tar.TypeDir: "dir", tar.TypeSymlink: "link",
	tar.TypeChar: "char", tar.TypeBlock: "block", tar.TypeFifo: "fifo",
}

func archived(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	all := map[string]string{}
	for r := tar.NewReader(file); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		must(t, err)
		data, err := io.ReadAll(r)
		must(t, err)
		all[strings.TrimSuffix(h.Name, "/")] = fmt.Sprintf("%s %04o %d %d %d,%d %q %q", tarTypes[h.Typeflag], h.Mode&0o7777,
			h.Uid, h.Gid, devmajor(h), devminor(h), h.Linkname, data)
	}
}

// The numbers that do not fit the tar header are in pax records, which
// archive/tar leaves as they are.
func devmajor(h *tar.Header) int64 { return paxNumber(h, "SCHILY.devmajor", h.Devmajor) }
func devminor(h *tar.Header) int64 { return paxNumber(h, "SCHILY.devminor", h.Devminor) }

func paxNumber(h *tar.Header, name string, n int64) int64 {
	if s := h.PAXRecords[name]; s != "" {
		fmt.Sscan(s, &n)
	}
	return n
}

package catbox_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
)

// A fake root's command changes owners and modes and makes devices, and what it
// asked for is read from the state: enough to make a package from.
func ExampleFakeRoot() {
	dir, remove := workDir()
	defer remove()
	c := catbox.Command("sh", "-c", `
		umask 022
		mkdir pkg && echo hello > pkg/hello
		chown 0:12 pkg/hello && chmod 4755 pkg/hello
		mknod pkg/null c 1 3
		id -u`)
	c.Dir = dir
	c.Policy = c.Policy.Allow(policy.Write, dir)
	state := catbox.NewFakeState()
	c.FakeRoot = &catbox.FakeRoot{State: state}
	out, err := c.Output()
	fmt.Printf("%s%v\n", out, err)
	entries := state.Entries()
	slices.SortFunc(entries, func(a, b catbox.FakeEntry) int { return strings.Compare(a.Path, b.Path) })
	for _, e := range entries {
		fmt.Printf("%s %o %d:%d\n", filepath.Base(e.Path), e.Mode, e.UID, e.GID)
	}
	// Output:
	// 0
	// <nil>
	// hello 104755 0:12
	// null 20644 0:0
}

// inFakeRoot is the script as root of a fake root that may write in dir.
func inFakeRoot(dir, script string, f catbox.FakeRoot) *catbox.Cmd {
	c := shell(dir, script)
	c.Policy = c.Policy.Allow(policy.Write, dir)
	c.FakeRoot = &f
	return c
}

func entryOf(t *testing.T, s *catbox.FakeState, name string) catbox.FakeEntry {
	t.Helper()
	for _, e := range s.Entries() {
		if filepath.Base(e.Path) == name {
			return e
		}
	}
	t.Fatalf("nothing is noted of %s: %+v", name, s.Entries())
	return catbox.FakeEntry{}
}

func TestAFakeRootsStateIsReadAsValues(t *testing.T) {
	dir, state := directory(t, "file", "plain"), catbox.NewFakeState()
	script := "chown 1:2 file; chmod 4711 file; mknod disk b 259 4097; setfattr -n trusted.note -v text file; cat plain >/dev/null"
	if out := look(t, inFakeRoot(dir, script, catbox.FakeRoot{State: state})); out != "" {
		t.Fatal(out)
	}
	e := entryOf(t, state, "file")
	if e.Mode != syscall.S_IFREG|0o4711 || e.UID != 1 || e.GID != 2 || e.Path != dir+"/file" || string(e.Xattrs["trusted.note"]) != "text" {
		t.Errorf("%+v", e)
	}
	disk := entryOf(t, state, "disk")
	if disk.Mode&syscall.S_IFMT != syscall.S_IFBLK || disk.Rdev != mkdev(259, 4097) {
		t.Errorf("%+v", disk)
	}
	if state.Len() != 2 {
		t.Errorf("what was only looked at is noted: %+v", state.Entries())
	}
	if st, err := os.Lstat(dir + "/file"); err != nil || st.Mode()&os.ModeSetuid != 0 || st.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) {
		t.Errorf("on disk: %v, %v", st, err)
	}
}

// mkdev is makedev(3) of the C library.
func mkdev(major, minor uint64) uint64 {
	return major&0xfff<<8 | major&^0xfff<<32 | minor&0xff | minor&^0xff<<12
}

func TestRunsShareAState(t *testing.T) {
	dir, state := directory(t, "file"), catbox.NewFakeState()
	look(t, inFakeRoot(dir, "chown 5:6 file", catbox.FakeRoot{State: state}))
	if out := look(t, inFakeRoot(dir, "stat -c %u:%g file", catbox.FakeRoot{State: state})); out != "5:6\n" {
		t.Errorf("%q", out)
	}
	if out := look(t, inFakeRoot(dir, "stat -c %u:%g file", catbox.FakeRoot{})); out != "0:0\n" {
		t.Errorf("without it: %q", out)
	}
}

func TestAStateInAFileIsThereAsItHappens(t *testing.T) {
	dir := directory(t, "file")
	path := t.TempDir() + "/state"
	state, err := catbox.OpenFakeState(path)
	if err != nil {
		t.Fatal(err)
	}
	look(t, inFakeRoot(dir, "chown 5:6 file", catbox.FakeRoot{State: state}))
	read, err := catbox.LoadFakeState(path) // before it is closed
	if err != nil {
		t.Fatal(err)
	}
	if e := entryOf(t, read, "file"); e.UID != 5 || e.GID != 6 {
		t.Errorf("%+v", e)
	}
	if err := state.Close(); err != nil {
		t.Error(err)
	}
	saved := t.TempDir() + "/saved"
	if err := state.Save(saved, catbox.FakeText); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(saved); err != nil || !strings.HasPrefix(string(data), "dev=") {
		t.Errorf("%q, %v", data, err)
	}
}

func TestUnknownIsReal(t *testing.T) {
	dir := directory(t, "file")
	want := fmt.Sprintf("%d:%d\n0\n7\n", os.Geteuid(), os.Getegid())
	if out := look(t, inFakeRoot(dir, "stat -c %u:%g file; id -u; chown 7 file; stat -c %u file", catbox.FakeRoot{UnknownIsReal: true})); out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestAFakeRootWritesNowhereElse(t *testing.T) {
	dir, state := directory(t), catbox.NewFakeState()
	home, err := os.UserHomeDir() // which is not below /tmp: the run has that for itself
	if err != nil {
		t.Fatal(err)
	}
	outside, err := os.MkdirTemp(home, "catbox-outside-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(outside) })
	if err := os.WriteFile(outside+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := inFakeRoot(dir, "chown 1 "+outside+"/file 2>&-; chmod 4777 "+outside+"/file 2>&-; mknod "+outside+"/null c 1 3 2>&-; stat -c %u "+outside+"/file", catbox.FakeRoot{State: state})
	if out := look(t, c); out != "0\n" {
		t.Errorf("%q", out)
	}
	if v := c.Result().Violations; len(v) != 3 || state.Len() != 0 {
		t.Errorf("violations %+v, noted %+v", v, state.Entries())
	}
}

func TestTheFakeRootsModeIsSaid(t *testing.T) {
	single := "single"
	if os.Geteuid() == 0 {
		single = "root"
	}
	for mode, want := range map[catbox.FakeMode]string{"": single, catbox.FakeSingle: single, catbox.FakeNone: "none"} {
		c := inFakeRoot(directory(t), "id -u", catbox.FakeRoot{Mode: mode})
		c.Policy = c.Policy.WithNetwork(policy.NetworkNone)
		if out := look(t, c); out != "0\n" {
			t.Errorf("%q: %q", mode, out)
		}
		by := enforcement(c.Result(), "fake root")
		if got, _, _ := strings.Cut(by, ":"); got != want {
			t.Errorf("%q: %q", mode, by)
		}
	}
	c := shell("/", "true")
	if look(t, c); enforcement(c.Result(), "fake root") != "" {
		t.Error("said of a run that has none")
	}
}

func TestAFakeRootsModeThatIsNotKnown(t *testing.T) {
	c := inFakeRoot(directory(t), "true", catbox.FakeRoot{Mode: "most"})
	if err := c.Run(); err == nil || !strings.Contains(err.Error(), `mode "most" is not known`) {
		t.Error(err)
	}
}

// Temporary files: what is said is what the command finds.
func TestWhatIsSaidOfTemporaryFiles(t *testing.T) {
	for _, test := range []struct {
		writable, own []string
		want          string
	}{
		{nil, []string{"/tmp", "/var/tmp", "/dev/shm"}, "a /tmp, /var/tmp and /dev/shm of its own"},
		{[]string{"/tmp"}, []string{"/var/tmp", "/dev/shm"}, "a /var/tmp and /dev/shm of its own"},
		{[]string{"/tmp", "/var/tmp"}, []string{"/dev/shm"}, "a /dev/shm of its own"},
		{[]string{"/"}, nil, "no directory of its own"},
	} {
		c := shell("/", "stat -c '%n %d:%i' /tmp /var/tmp /dev/shm")
		c.Policy = c.Policy.Allow(policy.Write, test.writable...)
		out := look(t, c)
		if got := enforcement(c.Result(), "temporary files"); got != test.want {
			t.Errorf("%q: %q, want %q", test.writable, got, test.want)
		}
		for _, dir := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
			var st syscall.Stat_t
			if err := syscall.Stat(dir, &st); err != nil {
				t.Fatal(err)
			}
			hosts := strings.Contains(out, fmt.Sprintf("%s %d:%d\n", dir, st.Dev, st.Ino))
			if hosts == slices.Contains(test.own, dir) {
				t.Errorf("%q: %s is the host's: %v", test.writable, dir, hosts)
			}
		}
	}
}

func enforcement(r *catbox.Result, part string) string {
	for _, e := range r.Enforcement {
		if e.Part == part {
			return e.By
		}
	}
	return ""
}

func TestAStateOfAnotherFormatStaysAsItIs(t *testing.T) {
	path := t.TempDir() + "/junk"
	if err := os.WriteFile(path, []byte("junk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(string) (*catbox.FakeState, error){"open": catbox.OpenFakeState, "load": catbox.LoadFakeState} {
		if s, err := open(path); err == nil || s != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "junk\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := catbox.LoadFakeState(path + "-missing"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

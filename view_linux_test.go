package catbox_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
)

// These tests look at what a run sees from inside.

// shell is a run of a script in dir.
func shell(dir, script string) *catbox.Cmd {
	c := catbox.Command("sh", "-c", script)
	c.Dir = dir
	return c
}

// look runs the script and returns what it says, whatever its exit status.
func look(t *testing.T, c *catbox.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	var exit *catbox.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

// directory makes a directory outside of /tmp, by its canonical path, with
// directories ("d/") and files that hold their names.
func directory(t *testing.T, names ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "example-test-")
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	fillDirectory(t, dir, names...)
	return dir
}

// inTmp is like directory, in a directory that a run has for itself.
func inTmp(t *testing.T, names ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "catbox-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	fillDirectory(t, dir, names...)
	return dir
}

func fillDirectory(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else if err == nil {
			err = os.WriteFile(path, []byte(name+"\n"), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestTemporaryDirectoriesAreEmptyAndItsOwn(t *testing.T) {
	onHost := inTmp(t, "f")
	const name = "catbox-test-made-inside"
	out := look(t, shell("/", `
		ls -A /tmp /var/tmp /dev/shm
		for d in /tmp /var/tmp /dev/shm; do echo it > $d/`+name+` && cat $d/`+name+` && stat -c %a $d; done
		test -e `+onHost+` || echo nothing of the host`))
	want := "/dev/shm:\n\n/tmp:\n\n/var/tmp:\n" + strings.Repeat("it\n1777\n", 3) + "nothing of the host\n"
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	for _, dir := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
		if exists(dir + "/" + name) {
			t.Errorf("%s came to be on the host", dir+"/"+name)
		}
	}
}

func TestTheWorkingDirectoryStaysVisibleInTmp(t *testing.T) {
	dir, other := inTmp(t, "f", "sub/"), inTmp(t, "f")
	script := `pwd; cat f; echo x 2>/dev/null > new && echo written; test -e ` + other + ` || echo alone`
	if out := look(t, shell(dir, script)); out != dir+"\nf\nalone\n" {
		t.Errorf("not writable: %q", out)
	}
	c := shell(dir, script)
	c.Policy = c.Policy.Allow(policy.Write, dir)
	if out := look(t, c); out != dir+"\nf\nwritten\nalone\n" || !exists(dir+"/new") {
		t.Errorf("writable: %q", out)
	}
	c = shell(dir+"/sub", `pwd; echo x 2>/dev/null > new && echo written`)
	c.Policy = c.Policy.Allow(policy.Write, dir)
	if out := look(t, c); out != dir+"/sub\nwritten\n" {
		t.Errorf("below a writable one: %q", out)
	}
}

func TestOnlyWhatMayBeReadIsThere(t *testing.T) {
	dir := directory(t, "in/f", "out/f")
	c := shell(dir+"/in", `cat f; ls -A `+dir+`; test -e /etc || echo no etc; ls -A /home /root 2>/dev/null; cat ../out/f 2>&1; echo x > /new`)
	c.Policy = policy.Policy{}.Allow(policy.Read|policy.Exec, "/usr").Allow(policy.Read, dir+"/in").WithNetwork(policy.NetworkIsolated)
	out := look(t, c)
	for _, want := range []string{"f\nin\nno etc\n", "../out/f: No such file", "cannot create /new"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q lacks %q", out, want)
		}
	}
	c = shell(dir+"/in", `ls -A /`)
	c.Policy = policy.Policy{}.Allow(policy.Read|policy.Exec, "/usr").Allow(policy.Read|policy.Write, dir+"/in").WithNetwork(policy.NetworkIsolated)
	top := strings.Split(dir, "/")[1]
	allowed := append([]string{top, "usr", "dev", "proc", "tmp", "var"}, linksInto("usr")...)
	for name := range strings.FieldsSeq(look(t, c)) {
		if !slices.Contains(allowed, name) {
			t.Errorf("/%s is there", name)
		}
	}
}

// linksInto lists the symbolic links of the root directory into a directory there.
func linksInto(dir string) []string {
	var names []string
	entries, _ := os.ReadDir("/")
	for _, e := range entries {
		if to, err := os.Readlink("/" + e.Name()); err == nil && strings.HasPrefix(strings.TrimPrefix(to, "/"), dir+"/") {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestHiddenPathsAreNotThere(t *testing.T) {
	names := []string{"ro/file", "ro/dir/f", "ro/stays", "rw/file", "rw/dir/f", "rw/stays"}
	for _, dir := range []string{directory(t, names...), inTmp(t, names...)} {
		for _, in := range []string{"ro", "rw"} {
			c := shell(dir+"/"+in, `
				for p in file dir dir/f ./dir/../dir; do test -e $p && echo $p is there; done
				cat file dir/f 2>&1 | grep -v 'No such file'
				ls dir 2>&1 | grep -v 'No such file'
				cat stays`)
			c.Policy = c.Policy.Allow(policy.Write, dir+"/rw").Hide(dir+"/"+in+"/file", dir+"/"+in+"/dir")
			if out := look(t, c); out != in+"/stays\n" {
				t.Errorf("%s: %q", c.Dir, out)
			}
		}
		c := shell(dir+"/ro", "ls -A")
		c.Policy = c.Policy.Hide(dir+"/ro/file", dir+"/ro/dir")
		if out := look(t, c); out != "stays\n" {
			t.Errorf("%s: names are listed: %q", c.Dir, out)
		}
		if !exists(dir+"/ro/file") || !exists(dir+"/rw/dir/f") {
			t.Errorf("%s: the host lost it", dir)
		}
	}
}

// Overlays lie on overlays two deep at most.
func TestWhatIsHiddenCanLieInDirectoriesBelowEachOther(t *testing.T) {
	dir := directory(t, "gone", "a/gone", "a/b/gone", "a/b/c/gone", "a/b/c/d/gone", "a/b/c/d/stays")
	c := shell(dir, "find . -type f")
	c.Policy = c.Policy.Hide(dir+"/gone", dir+"/a/gone", dir+"/a/b/gone", dir+"/a/b/c/gone", dir+"/a/b/c/d/gone")
	if out := look(t, c); out != "./a/b/c/d/stays\n" {
		t.Errorf("%q", out)
	}
}

func TestALinkCanBeHiddenWithoutWhatItLeadsTo(t *testing.T) {
	dir := directory(t, "file")
	if err := os.Symlink("file", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for want, p := range map[string]policy.Policy{
		"file\n": policy.ReadOnly().HideName(dir + "/link"),
		"":       policy.ReadOnly().Hide(dir + "/link"),
	} {
		c := shell(dir, "ls")
		c.Policy = p
		if out := look(t, c); out != want {
			t.Errorf("%v: %q", p, out)
		}
	}
}

func TestWhatIsInTheRootDirectoryCanBeHidden(t *testing.T) {
	const hidden = "/srv" // a directory of the file hierarchy that no program needs
	if !exists(hidden) {
		t.Fatal("no " + hidden)
	}
	c := shell("/", `ls -d /srv /../srv /usr/../srv ../srv 2>/dev/null; ls -A / | grep -x srv; echo ran`)
	c.Policy = c.Policy.Hide(hidden)
	if out := look(t, c); out != "ran\n" {
		t.Errorf("%q", out)
	}
}

func TestReadOnlyBelowWritable(t *testing.T) {
	dir := directory(t, "keep/f", "f", "one")
	c := shell(dir, `
		for p in new keep/new one keep/f f; do echo x 2>/dev/null > $p && echo $p; done
		rm -rf keep one 2>/dev/null; mv keep away 2>/dev/null && echo moved; mv one away 2>/dev/null && echo moved`)
	c.Policy = c.Policy.Allow(policy.Write, dir).Deny(policy.Write, dir+"/keep", dir+"/one")
	if out := look(t, c); out != "new\nf\n" {
		t.Errorf("%q", out)
	}
	if data, err := os.ReadFile(dir + "/keep/f"); string(data) != "keep/f\n" {
		t.Errorf("%q, %v", data, err)
	}
	if data, err := os.ReadFile(dir + "/one"); string(data) != "one\n" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestAWritablePathMayBeALink(t *testing.T) {
	dir := directory(t, "real/", "other/")
	if err := os.Symlink("real", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	c := shell(dir, `for p in link/a real/b other/c new; do echo x 2>/dev/null > $p && echo $p; done; rm -f link; test -L link && echo still a link`)
	c.Policy = c.Policy.Allow(policy.Write, dir+"/link")
	out := look(t, c)
	if !strings.HasPrefix(out, "link/a\nreal/b\n") || !strings.HasSuffix(out, "still a link\n") || strings.Contains(out, "new\n") || strings.Contains(out, "other/c\n") {
		t.Errorf("%q", out)
	}
	if !exists(dir+"/real/a") || !exists(dir+"/real/b") || exists(dir+"/other/c") {
		t.Error("it was not written where it should be")
	}
}

func TestDevices(t *testing.T) {
	out := look(t, shell("/", `ls -A /dev; find /dev -type b; head -c 3 /dev/zero | wc -c; echo x > /dev/null && echo null; test -c /dev/pts/ptmx && echo terminals`))
	allowed := strings.Fields("null zero full random urandom tty fd stdin stdout stderr ptmx pts shm console 3 terminals")
	for word := range strings.FieldsSeq(out) {
		if !slices.Contains(allowed, word) {
			t.Errorf("/dev has %s", word)
		}
	}
	if !strings.HasSuffix(out, "3\nnull\nterminals\n") {
		t.Errorf("%q", out)
	}
}

// A device's inode is the host's. The mode that is asked for is the one that it
// has, so that this test does no harm if it fails.
func TestDevicesOfTheHostCannotBeChanged(t *testing.T) {
	st, err := os.Stat("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	mode := strconv.FormatUint(uint64(st.Mode().Perm()), 8)
	out := look(t, shell("/", `
		chmod `+mode+` /dev/null 2>/dev/null && echo chmod
		chmod `+mode+` /proc/self/fd/0 < /dev/null 2>/dev/null && echo chmod by descriptor
		chown 0:0 /dev/null 2>/dev/null && echo chown
		touch -c -r /dev/null /dev/null 2>/dev/null && echo touch
		mknod /dev/mine c 1 3 2>/dev/null && echo mknod
		rm -f /dev/null 2>/dev/null && echo rm
		echo ran`))
	if out != "ran\n" {
		t.Errorf("%q", out)
	}
}

func TestProcShowsItsOwnProcessesOnly(t *testing.T) {
	outside := exec.Command("sleep", "100")
	outside.Args[0] = "catbox-test-outside"
	if err := outside.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { outside.Process.Kill(); outside.Wait() }()
	out := look(t, shell("/", `sleep 100 & cat /proc/[0-9]*/cmdline | tr '\0' '\n'; echo; echo $$; ls -d /proc/[0-9]* | wc -l`))
	if strings.Contains(out, "catbox-test-outside") {
		t.Errorf("a process outside is seen: %q", out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if n, err := strconv.Atoi(lines[len(lines)-1]); err != nil || n < 3 || n > 6 { // init, sh, sleep, ls, wc
		t.Errorf("%d processes: %q", n, out)
	}
	if err := exec.Command("sh", "-c", "kill -0 "+strconv.Itoa(outside.Process.Pid)).Run(); err != nil {
		t.Fatal(err)
	}
	if out := look(t, shell("/", "kill -0 "+strconv.Itoa(outside.Process.Pid)+" && echo reached")); strings.Contains(out, "reached") {
		t.Error("a process outside can be signalled")
	}
}

// loopback tells what network there is, and whether it works.
var loopback = catbox.NewFunction("test-loopback", func(struct{}) (names []string, err error) {
	interfaces, err := net.Interfaces()
	for _, i := range interfaces {
		names = append(names, i.Name+" "+i.Flags.String())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return names, err
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return names, err
	}
	return names, c.Close()
})

func TestTheOnlyNetworkIsItsOwnLoopback(t *testing.T) {
	names, err := loopback.Run(&catbox.Cmd{Policy: policy.ReadOnly()}, struct{}{})
	if err != nil || len(names) != 1 || !strings.HasPrefix(names[0], "lo up|loopback") {
		t.Errorf("%q, %v", names, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := &catbox.Cmd{Policy: policy.ReadOnly()}
	if _, err := reach.Run(c, l.Addr().String()); err == nil {
		t.Error("a port of the host's loopback was reached")
	}
}

var reach = catbox.NewFunction("test-reach", func(address string) (struct{}, error) {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return struct{}{}, err
})

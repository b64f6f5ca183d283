package features

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestUnifiedPath(t *testing.T) {
	for _, test := range []struct {
		name, text, path string
		v1               bool
	}{
		{"v2", "0::/user.slice/user-1000.slice\n", "/user.slice/user-1000.slice", false},
		{"root", "0::/\n", "/", false},
		{"hybrid, elsewhere", "1:name=systemd:/a\n4:cpu,cpuacct:/b\n0::/a\n", "/a", false},
		{"hybrid, ours", "4:pids,memory:/b\n0::/a\n", "", true},
		{"colon in the name", "0::/a:b\n", "/a:b", false},
		{"v1 only", "4:cpu:/b\n", "", false},
		{"none", "", "", false},
	} {
		path, err := unifiedPath(test.text, "memory")
		if path != test.path || errors.Is(err, errCgroupV1) != test.v1 || (err == nil) != (path != "") {
			t.Errorf("%s: %q, %v", test.name, path, err)
		}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: inconclusive: %v", test.name, err)
		}
	}
}

func TestUnifiedDir(t *testing.T) {
	const proc = "22 1 0:20 / /proc rw - proc proc rw\n"
	for _, test := range []struct{ name, mounts, path, dir string }{
		{"systemd", proc + "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n", "/a/b", "/sys/fs/cgroup/a/b"},
		{"hybrid", "31 1 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "/", "/sys/fs/cgroup/unified"},
		{"part of the tree", "30 1 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup ro\n", "/docker/x/y", "/sys/fs/cgroup/y"},
		{"another part", "30 1 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup ro\n", "/docker/xy", ""},
		{"space in the name", "30 1 0:26 / /mnt/c\\040g rw - cgroup2 none rw\n", "/a", "/mnt/c g/a"},
		{"not mounted", proc, "/a", ""},
	} {
		dir, err := unifiedDir(test.mounts, test.path)
		if dir != test.dir || (err == nil) != (dir != "") {
			t.Errorf("%s: %q, %v", test.name, dir, err)
		}
	}
}

// A directory with files of the same names stands for a cgroup that is not delegated to us.
func TestNotDelegated(t *testing.T) {
	for _, test := range []struct {
		name, controllers, enabled string
		want                       error
		text                       string
	}{
		{"no controllers", "cpu io\n", "", errors.ErrUnsupported, "not delegated"},
		{"no limits below", "memory\n", "memory\n", errors.ErrUnsupported, "set a limit"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"cgroup.controllers": test.controllers, "cgroup.subtree_control": test.enabled} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := delegated(dir, "memory", "memory.max")
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, probeName+"*")); left != nil {
			t.Errorf("%s: left %v", test.name, left)
		}
	}
	if err := delegated(t.TempDir(), "memory", "memory.max"); err == nil || errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, unix.ENOENT) {
		t.Errorf("no cgroup at all: %v", err)
	}
}

func TestProcessesInTheWay(t *testing.T) {
	if got := inTheWay(&os.PathError{Err: unix.EBUSY}); !strings.Contains(got, "processes") {
		t.Error(got)
	}
	if got := inTheWay(unix.EACCES); strings.Contains(got, "processes") {
		t.Error(got)
	}
}

// TestDelegatedForReal uses a controller that this host has on cgroup v2, whichever it is, if there is one that can be
// limited: what works for one works for memory and pids. As an ordinary user it finds the refusal.
func TestDelegatedForReal(t *testing.T) {
	dir, err := unifiedDir(readFile(t, "/proc/self/mountinfo"), "/")
	if err != nil {
		t.Logf("no cgroup v2: %v", err)
		if probeController("memory", "memory.max") == nil {
			t.Error("but memory can be limited")
		}
		return
	}
	limits := map[string]string{"hugetlb": "hugetlb.2MB.max", "memory": "memory.max", "pids": "pids.max", "misc": "misc.max"}
	for _, controller := range strings.Fields(readFile(t, filepath.Join(dir, "cgroup.controllers"))) {
		if limits[controller] == "" {
			continue
		}
		before := readFile(t, filepath.Join(dir, "cgroup.subtree_control"))
		err := delegated(dir, controller, limits[controller])
		t.Logf("%s in %s: %v", controller, dir, err)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: inconclusive: %v", controller, err)
		}
		if os.Geteuid() != 0 && err == nil {
			t.Errorf("%s: an ordinary user has the root of the tree", controller)
		}
		if after := readFile(t, filepath.Join(dir, "cgroup.subtree_control")); after != before {
			t.Errorf("%s: controllers were %q, now %q", controller, before, after)
		}
	}
}

func readFile(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSubordinate(t *testing.T) {
	uid := "4242"
	if names := userNames(os.Geteuid()); len(names) < 1 || names[uid] {
		t.Fatalf("names of this user: %v", names)
	}
	file := filepath.Join(t.TempDir(), "subuid")
	me := ""
	for name := range userNames(os.Geteuid()) {
		me = name
	}
	for text, want := range map[string]string{
		"":                                  "",
		uid + ":100000:65536\n":             "",
		me + ":200000:65536\n":              "200000",
		"x:1:2\n" + me + ":300000:1\n":      "300000",
		me + ":1:0\n":                       "",
		me + ":1:0\n" + me + ":400000:10\n": "400000",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		first, count, err := subordinate(file)
		got := ""
		if err == nil {
			got = strconv.Itoa(first)
		}
		if got != want || (err == nil) != (count > 0) || (err != nil && !errors.Is(err, errNoRange)) {
			t.Errorf("%q: %q, %d of them, %v", text, got, count, err)
		}
	}
	if _, _, err := subordinate(file + "-absent"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no file: %v", err)
	}
}

// Where newuidmap works, it does so by setuid or file capabilities, which no_new_privs takes away.
func TestNewuidmapWithoutPrivilege(t *testing.T) {
	if os.Geteuid() == 0 || Newuidmap() != nil {
		t.Logf("nothing to take away: user %d, %v", os.Geteuid(), Newuidmap())
		return
	}
	lines := output(t, &exec.Cmd{Path: "/proc/self/exe", Args: []string{"refused", lastRefusal("newuidmap")}})
	if err := decode(lines[0]); !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, unix.EPERM) {
		t.Errorf("with no_new_privs: %v", err)
	}
}

func lastRefusal(feature string) string {
	last := 0
	for i, r := range refusals {
		if r.feature == feature {
			last = i
		}
	}
	return strconv.Itoa(last)
}

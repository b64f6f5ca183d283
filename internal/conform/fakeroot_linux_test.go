package conform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
)

// fakePrograms are those for which root is needed, real or fake. Beside them
// the other programs about files are run, too.
var fakePrograms = map[string]func(*recorder){}

// aboutFiles are the programs that a fake root could have an influence on.
var aboutFiles = []string{
	"chmod", "chown", "times", "xattr", "truncate", "inheritance", "make", "remove", "link", "rename", "names", "open", "openat2", "creat",
	"pointers", "descriptors", "table full", "size limit", "deep", "proc", "attributes",
}

// fakeModes are the ways to run with a fake root.
var fakeModes = []mode{
	{"fake run", exact, false},
	{"fake alone", everywhere, false},
	{"fake tier 2", func(dir string) policy.Policy { return exact(dir).WithNetwork(policy.NetworkNone) }, true},
}

// everywhere is what catbox fakeroot allows: what the user may do.
func everywhere(string) policy.Policy {
	return policy.ReadOnly().Allow(policy.Write, "/").WithNetwork(policy.NetworkHost)
}

// fakeUser is whose files are shown as root's.
const fakeUser = 4321

// TestFakeRoot compares an ordinary user's fake root with real root. Only root
// can be the oracle, so for others there is nothing to compare with.
func TestFakeRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("real root is the oracle; this user is not")
		return
	}
	t.Setenv(deniedVariable, fmt.Sprintf("%x", deniedToRoot(t)))
	names := slices.Concat(slices.Sorted(maps.Keys(fakePrograms)), aboutFiles)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			want := outcomeOf(t, name, realRoot)
			for _, m := range fakeModes {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					m.need(t)
					got := outcomeOf(t, name, m.runFake)
					want := want
					want.Tree, got.Tree = nil, nil // on disk nothing is root's
					compare(t, name, m.name, want, got)
				})
			}
		})
	}
	if !t.Failed() && !t.Skipped() && wholeRun() {
		checkUsed(t, true)
	}
}

// deniedVariable tells the programs which capabilities the oracle has not got.
const deniedVariable = "CONFORM_DENIED"

// deniedToRoot are those of the first 32 that this root has not, or is not to have.
func deniedToRoot(t *testing.T) uint32 {
	t.Helper()
	denied := uint32(1) << unix.CAP_LINUX_IMMUTABLE
	for c := range uintptr(32) {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if has == 0 {
			denied |= 1 << c
		}
	}
	return denied
}

// realRoot runs args as root, but without the capability to make files that
// cannot be removed.
func realRoot(t *testing.T, dir string, path string, args []string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	c := exec.CommandContext(ctx, testenv.Executable(t))
	c.Args = testenv.HelperArgs("real root", append([]string{path}, args...)...)
	c.Dir, c.Stderr = filepath.Join(dir, "w"), os.Stderr
	return c.Output()
}

// runRealRoot is the helper "real root".
func runRealRoot(args []string) int {
	runtime.LockOSThread()
	must(unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC))
	must(unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_LINUX_IMMUTABLE, 0, 0, 0))
	must(unix.Setgroups([]int{0}))
	fmt.Fprintln(os.Stderr, syscall.Exec(args[0], args[1:], os.Environ()))
	return 125
}

// runFake runs args as an ordinary user with a fake root, and looks at what is
// on disk afterwards.
func (m mode) runFake(t *testing.T, dir string, path string, args []string) ([]byte, error) {
	t.Helper()
	giveAway(t, dir)
	o, err := json.Marshal(order{m.policy(dir).String(), filepath.Join(dir, "w"), path, args, true})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*deadline)
	defer cancel()
	helper := "no namespaces" // that there are some does no harm
	if m.tier2 {
		helper = "tier 2"
	}
	c := exec.CommandContext(ctx, path)
	c.Args = testenv.HelperArgs(helper, string(o))
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: fakeUser, Gid: fakeUser}}
	c.Env = append(os.Environ(), "HOME="+dir)
	var out bytes.Buffer
	c.Stdout, c.Stderr, c.Dir = &out, os.Stderr, dir
	err = c.Run()
	checkDisk(t, filepath.Join(dir, "w"))
	return out.Bytes(), err
}

// giveAway has the directory and those above it, up to the common one, be the user's.
func giveAway(t *testing.T, dir string) {
	t.Helper()
	for path := dir; path != "/var/tmp"; path = filepath.Dir(path) {
		if err := os.Chown(path, fakeUser, fakeUser); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(dir, "w"), fakeUser, fakeUser); err != nil {
		t.Fatal(err)
	}
}

// checkDisk: nothing there counts for others than the user.
func checkDisk(t *testing.T, dir string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err := cmp.Or(err, unix.Lstat(path, &st)); err != nil {
			if !errors.Is(err, unix.ENAMETOOLONG) { // the program went there by steps
				t.Error(err)
			}
			return nil
		}
		kind := st.Mode & unix.S_IFMT
		switch {
		case st.Uid != fakeUser || st.Gid != fakeUser:
			t.Errorf("%s belongs to %d:%d", path, st.Uid, st.Gid)
		case kind == unix.S_IFBLK || kind == unix.S_IFCHR && st.Rdev != 0:
			t.Errorf("%s is a device", path)
		case st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0:
			t.Errorf("%s has mode %o", path, st.Mode)
		}
		for _, name := range attributeNames(path) {
			if !strings.HasPrefix(name, "user.") {
				t.Errorf("%s has %s", path, name)
			}
		}
		return nil
	})
}

func attributeNames(path string) []string {
	names := make([]byte, 65536)
	n, err := unix.Llistxattr(path, names)
	if err != nil || n == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(names[:n]), "\x00"), "\x00")
}

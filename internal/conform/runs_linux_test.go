package conform

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
)

// TestCommands runs programs of other kinds in every mode and natively.
func TestCommands(t *testing.T) {
	for name, test := range map[string]struct {
		program string
		prepare func(t *testing.T, dir string) []string
	}{
		"busybox": {"busybox", func(t *testing.T, dir string) []string {
			script := `set -e; for i in 1 2 3; do busybox echo $i > f$i; done; busybox mkdir -p a/b; busybox mv f1 a/b; busybox ln -s a l; busybox cp f2 l/c; busybox chmod 600 f3; busybox touch -d '2001-02-03 04:05:06' f2; busybox rm f3; busybox tar c . | busybox md5sum | busybox wc -c`
			return []string{testenv.Command(t, "busybox"), "busybox", "sh", "-c", script}
		}},
		"python": {"python3", func(t *testing.T, dir string) []string {
			script := "import os, shutil, tempfile, subprocess\n" +
				"os.makedirs('a/b'); open('a/x', 'w').write('x'); os.rename('a/x', 'a/b/y'); shutil.copytree('a', 'c')\n" +
				"os.utime('a', (1, 2)); os.chmod('c', 0o700); os.symlink('a', 's'); shutil.rmtree('a/b')\n" +
				"print(subprocess.run(['sh', '-c', 'echo hello > out; cat out'], capture_output=True).stdout, sorted(os.listdir('.')))"
			return []string{"/usr/bin/python3", "python3", "-c", script}
		}},
		"32-bit": {"gcc", func(t *testing.T, dir string) []string { return []string{compile32(t, dir), "prog"} }},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat("/usr/bin/python3"); name == "python" && err != nil {
				testenv.Skip(t, err.Error())
			}
			testenv.Command(t, test.program)
			want := commandOutcome(t, native, test.prepare)
			for _, m := range modes {
				t.Run(m.name, func(t *testing.T) {
					m.need(t)
					if diff := cmp.Diff(want, commandOutcome(t, m.run, test.prepare)); diff != "" {
						t.Errorf("-native +confined:\n%s", diff)
					}
				})
			}
		})
	}
}

func commandOutcome(t *testing.T, run runner, prepare func(*testing.T, string) []string) []string {
	t.Helper()
	dir := freshDir(t)
	args := prepare(t, dir)
	out, err := run(t, dir, args[0], args[1:])
	if err != nil {
		t.Fatal(err)
	}
	lines := append(state(filepath.Join(dir, "w")), string(out))
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], dir, "TOP")
	}
	return lines
}

// TestOwnersWithoutRestriction: as the kernel sees it, an ordinary user's run has
// one id, and where nothing is restricted it would be asked alone.
func TestOwnersWithoutRestriction(t *testing.T) {
	modes[0].need(t)
	want := outcomeOf(t, "chown", native)
	for _, m := range []mode{
		{"all may be written", func(string) policy.Policy { return policy.ReadOnly().Allow(policy.Write, "/") }, false},
		{"violations are logged", func(dir string) policy.Policy { return exact(dir).WithAction(policy.Log) }, false},
	} {
		t.Run(m.name, func(t *testing.T) { compare(t, "chown", m.name, want, outcomeOf(t, "chown", m.run)) })
	}
}

const source32 = `
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#define T(x) do { errno = 0; long v = (x); printf("%s: %ld %d\n", #x, v, errno); } while (0)
int main(void) {
	struct timeval tv[2] = {{1000000000, 1}, {1000000001, 2}};
	T(open("f", O_CREAT|O_RDWR, 0640)); T(write(3, "words", 5)); T(truncate("f", 3)); T(mkdir("d", 0750)); T(rename("f", "d/g"));
	T(symlink("d", "s")); T(link("s/g", "h")); T(chmod("h", 0604)); T(chown("h", -1, -1)); T(lchown("s", -1, -1)); T(utimes("h", tv));
	T(unlink("missing")); T(rmdir("d")); T(open("s/g", O_WRONLY|O_TRUNC)); T(open((char *)8, O_RDWR)); T(mkdir(NULL, 0755)); T(mkfifo("p", 0600));
	T(unlink("p")); T(truncate("h", -1)); T(open("h", O_WRONLY|O_CREAT|O_EXCL, 0600));
	return 0;
}`

func compile32(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "prog")
	gcc := exec.Command("gcc", "-m32", "-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64", "-x", "c", "-o", path, "-")
	gcc.Stdin = strings.NewReader(source32)
	if out, err := gcc.CombinedOutput(); err != nil {
		testenv.Skip(t, fmt.Sprintf("no compiler for 32 bits: %v: %.200s", err, out))
	}
	return path
}

// ending is how a process ended, as a caller of os/exec or of catbox sees it.
type ending struct {
	Code   int
	Signal syscall.Signal
}

func TestExitStatus(t *testing.T) {
	modes[0].need(t)
	testenv.Leaks(t)
	scripts := []string{}
	for code := range 256 {
		scripts = append(scripts, "exit "+strconv.Itoa(code))
	}
	for _, sig := range []int{1, 2, 3, 4, 6, 8, 9, 10, 11, 13, 14, 15, 31, 34, 64} {
		scripts = append(scripts, fmt.Sprintf("ulimit -c 0; kill -%d $$", sig))
	}
	for _, script := range scripts {
		if got, want := confinedEnding(script), nativeEnding(script); got != want {
			t.Errorf("%s: %+v, natively %+v", script, got, want)
		}
	}
}

func nativeEnding(script string) ending {
	err := exec.Command("sh", "-c", script).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return ending{}
	}
	status := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return ending{-1, status.Signal()}
	}
	return ending{Code: status.ExitStatus()}
}

func confinedEnding(script string) ending {
	c := catbox.Command("sh", "-c", script)
	err := c.Run()
	var exit *catbox.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ending{Code: -2}
	}
	r := c.Result()
	return ending{r.ExitCode, r.Signal}
}

// TestEveryViolationIsListed has a program count what it was denied.
func TestEveryViolationIsListed(t *testing.T) {
	modes[0].need(t)
	const threads, each = 32, 625
	dir := freshDir(t)
	c := command(t.Context(), exact(dir), filepath.Join(dir, "w"), place(t, testenv.Executable(t), dir),
		testenv.HelperArgs("denied", strconv.Itoa(threads), strconv.Itoa(each)))
	told := 0
	c.OnViolation = func(catbox.Violation) { told++ }
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	counted := strings.TrimSpace(string(out))
	violations := c.Result().Violations
	if counted != strconv.Itoa(threads*each) || len(violations) != threads*each || told != len(violations) {
		t.Fatalf("the program counted %s, listed are %d, told were %d, wanted are %d", counted, len(violations), told, threads*each)
	}
	next := map[string]int{} // of each thread, in order
	for i, v := range violations {
		thread, n, _ := strings.Cut(strings.TrimPrefix(v.Path, "/etc/"), "-")
		if v.Seq != i+1 || n != strconv.Itoa(next[thread]) {
			t.Fatalf("violation %d has number %d and is %s after %d of its thread", i+1, v.Seq, v.Path, next[thread])
		}
		next[thread]++
	}
}

// runDenied is the helper "denied": it counts what it was denied.
func runDenied(args []string) int {
	threads, err := strconv.Atoi(args[0])
	must(err)
	each, err := strconv.Atoi(args[1])
	must(err)
	counts := make([]int, threads)
	var group sync.WaitGroup
	for i := range threads {
		group.Go(func() {
			runtime.LockOSThread()
			for j := range each {
				if unix.Mkdir(fmt.Sprintf("/etc/%d-%d", i, j), 0o755) == unix.EACCES {
					counts[i]++
				}
			}
		})
	}
	group.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	fmt.Println(sum)
	return 0
}

// TestManyProcesses loses none of 10,000 processes and of their files.
func TestManyProcesses(t *testing.T) {
	modes[0].need(t)
	testenv.Leaks(t)
	dir := freshDir(t)
	script := `for j in 1 2 3 4; do ( i=0; while [ $i -lt 2500 ]; do ( : > $j-$i ) || echo lost; i=$((i+1)); done ) & done; wait`
	c := command(t.Context(), exact(dir), filepath.Join(dir, "w"), "/bin/sh", []string{"sh", "-c", script})
	out, err := c.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "w"))
	if err != nil || len(entries) != 10000 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	if r := c.Result(); len(r.Violations) > 0 || len(r.Leftover) > 0 {
		t.Errorf("%d violations, %d left over", len(r.Violations), len(r.Leftover))
	}
}

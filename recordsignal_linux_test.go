package catbox_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// interrupted is a program of which SIGCHLD, caught without SA_RESTART, meets calls
// that never fail with EINTR, and SIGALRM one that does: in the process that catches it, a
// child that inherits the handler, and another thread.
const interrupted = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
static void handler(int signal) { }
static void *work(void *file) {
	struct stat st;
	struct utsname machine;
	for (int i = 0; i < 2000; i++) {
		if (i % 4 == 0 && fork() == 0)
			_exit(0);
		if (stat("/etc/passwd", &st) != 0)
			exit(1);
		int fd = open("/etc/passwd", O_RDONLY);
		if (fd < 0)
			exit(2);
		close(fd);
		if ((fd = open(file, O_CREAT | O_WRONLY, 0600)) < 0)
			exit(3);
		close(fd);
		if (unlink(file) != 0)
			exit(4);
		if (uname(&machine) != 0)
			exit(8);
		while (waitpid(-1, 0, WNOHANG) > 0)
			;
	}
	return 0;
}
int main(void) {
	struct sigaction a;
	pthread_t thread;
	int status;
	memset(&a, 0, sizeof a);
	a.sa_handler = handler;
	if (pthread_create(&thread, 0, work, "early") != 0)
		return 5;
	sigaction(SIGCHLD, &a, 0);
	sigaction(SIGALRM, &a, 0);
	work("own");
	pthread_join(thread, 0);
	pid_t child = fork();
	if (child == 0) {
		work("inherited");
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0)
		;
	if (status != 0)
		return WEXITSTATUS(status);
	mkfifo("fifo", 0600);
	alarm(1);
	return open("fifo", O_RDONLY) < 0 && errno == EINTR ? 0 : 6;
}
`

// traces is a program that catches signals as a debugger does, and traces a child that
// asks for it, one that does not, and a program that this one executes.
const traces = `
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
static void handler(int signal) { }
int main(void) {
	struct sigaction a;
	int status;
	memset(&a, 0, sizeof a);
	a.sa_handler = handler;
	sigaction(SIGCHLD, &a, 0);
	pid_t child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
			_exit(1);
		raise(SIGSTOP);
		execl("/bin/sh", "sh", "-c", "exit 7", (char *)0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		return 2;
	ptrace(PTRACE_CONT, child, 0, 0);
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		return 3;
	ptrace(PTRACE_CONT, child, 0, 0);
	while (waitpid(child, &status, 0) != child || WIFSTOPPED(status))
		ptrace(PTRACE_CONT, child, 0, WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
	if (WEXITSTATUS(status) != 7)
		return 4;
	if ((child = fork()) == 0)
		for (;;)
			pause();
	if (ptrace(PTRACE_SEIZE, child, 0, 0) != 0)
		return 5;
	kill(child, SIGTERM);
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTERM)
		return 6;
	ptrace(PTRACE_CONT, child, 0, SIGTERM);
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) ? 0 : 7;
}
`

// signalRuns are runs in which calls wait for the supervisor.
var signalRuns = map[string]func(*catbox.Cmd){
	"confined": func(*catbox.Cmd) {},
	"recorded": func(c *catbox.Cmd) {
		c.Record = &catbox.Record{Sink: record.SinkFunc(func(record.Event) error { return nil })}
	},
	"fake root": func(c *catbox.Cmd) { c.FakeRoot = &catbox.FakeRoot{} },
	"fake root without a namespace": func(c *catbox.Cmd) {
		c.FakeRoot = &catbox.FakeRoot{Mode: catbox.FakeNone}
		c.Policy = c.Policy.WithNetwork(policy.NetworkHost)
	},
}

// compiled is the program of the source, in a directory of its own.
func compiled(t testing.TB, source string, flags ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "signal-")
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "p.c"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	cc := exec.Command(testenv.Command(t, "gcc"), append(flags, "-pthread", "-o", "p", "p.c")...)
	cc.Dir = dir
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "p")
}

// signalRun is a run of the program, which may write in its directory.
func signalRun(program, kind string) *catbox.Cmd {
	c := catbox.Command(program)
	c.Dir = filepath.Dir(program)
	c.Policy = policy.ReadOnly().Allow(policy.Write, c.Dir)
	signalRuns[kind](c)
	return c
}

// A recorded program is interrupted by signals where it is without.
func TestSignalsInterruptWhatTheyDo(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Log("elsewhere the kernel has decided before a tracer could")
		return
	}
	for name, flag := range map[string]string{"amd64": "-m64", "386": "-m32"} {
		t.Run(name, func(t *testing.T) {
			if out, err := signalRun(compiled(t, interrupted, flag), "recorded").CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// Whatever catbox traces a program for, it gives it up to who wants to trace it.
func TestADebuggerTracesWhatCatchesSignals(t *testing.T) {
	program := compiled(t, traces)
	for kind := range signalRuns {
		t.Run(kind, func(t *testing.T) {
			if out, err := signalRun(program, kind).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// counted is a program that counts how many of 10,000 calls of each kind SIGCHLD, caught
// without SA_RESTART, makes fail with EINTR while its children end.
const counted = `
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static void handler(int signal) { }
int main(void) {
	struct sigaction a;
	struct stat st;
	int fd, stats = 0, opens = 0;
	memset(&a, 0, sizeof a);
	a.sa_handler = handler;
	sigaction(SIGCHLD, &a, 0);
	for (int i = 0; i < 10000; i++) {
		if (i % 4 == 0 && fork() == 0)
			_exit(0);
		stats += stat("/etc/passwd", &st) != 0 && errno == EINTR;
		fd = open("made", O_CREAT | O_WRONLY, 0600);
		opens += fd < 0 && errno == EINTR;
		close(fd);
		unlink("made");
		while (waitpid(-1, 0, WNOHANG) > 0)
			;
	}
	printf("%d %d\n", stats, opens);
	return 0;
}
`

// What is interrupted is not the same without a record: see
// docs/decisions/0009-interrupted-calls.md.
func BenchmarkInterruptedCalls(b *testing.B) {
	program := compiled(b, counted)
	for kind := range signalRuns {
		b.Run(kind, func(b *testing.B) {
			var stats, opens float64
			for b.Loop() {
				out, err := signalRun(program, kind).Output()
				if err != nil {
					b.Fatal(err)
				}
				var s, o float64
				if _, err := fmt.Sscan(string(out), &s, &o); err != nil {
					b.Fatalf("%q: %v", out, err)
				}
				stats, opens = stats+s, opens+o
			}
			b.ReportMetric(stats/float64(b.N), "EINTR/10000-stats")
			b.ReportMetric(opens/float64(b.N), "EINTR/10000-opens")
		})
	}
}

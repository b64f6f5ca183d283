package catbox_test

import (
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
// that never fail with EINTR, and SIGALRM one that does.
const interrupted = `
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static void handler(int signal) { }
int main(void) {
	struct sigaction a;
	struct stat st;
	memset(&a, 0, sizeof a);
	a.sa_handler = handler;
	sigaction(SIGCHLD, &a, 0);
	sigaction(SIGALRM, &a, 0);
	for (int i = 0; i < 4000; i++) {
		if (i % 4 == 0 && fork() == 0)
			_exit(0);
		if (stat("/etc/passwd", &st) != 0)
			return 1;
		int fd = open("/etc/passwd", O_RDONLY);
		if (fd < 0)
			return 2;
		close(fd);
		while (waitpid(-1, 0, WNOHANG) > 0)
			;
	}
	mkfifo("fifo", 0600);
	alarm(1);
	return open("fifo", O_RDONLY) < 0 && errno == EINTR ? 0 : 3;
}
`

// A recorded program is interrupted by signals where it is without.
func TestSignalsInterruptWhatTheyDo(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Log("elsewhere the kernel has decided before a tracer could")
		return
	}
	for name, flag := range map[string]string{"amd64": "-m64", "386": "-m32"} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp(".", "signal-")
			if err == nil {
				dir, err = filepath.Abs(dir)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			if err := os.WriteFile(filepath.Join(dir, "p.c"), []byte(interrupted), 0o644); err != nil {
				t.Fatal(err)
			}
			cc := exec.Command(testenv.Command(t, "gcc"), flag, "-o", "p", "p.c")
			cc.Dir = dir
			if out, err := cc.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			c := catbox.Command(filepath.Join(dir, "p"))
			c.Dir, c.Policy = dir, policy.ReadOnly().Allow(policy.Write, dir)
			c.Record = &catbox.Record{Sink: record.SinkFunc(func(record.Event) error { return nil })}
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

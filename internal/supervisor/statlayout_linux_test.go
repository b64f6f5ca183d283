package supervisor

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/testenv"
)

// sampleFiles are of every kind, with times and numbers that fill their fields.
func sampleFiles(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(in("f"), make([]byte, 12345), 0o640))
	must(t, os.Mkdir(in("d"), 0o1755))
	must(t, unix.Mkfifo(in("p"), 0o604))
	must(t, os.Link(in("f"), in("g")))
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, in("f"), []unix.Timespec{{Sec: 1e9, Nsec: 123456789}, {Sec: 2e9, Nsec: 987654321}}, 0))
	return []string{in("f"), in("d"), in("p"), "/dev/null", "/dev/tty", "/"}
}

func statusOf(t *testing.T, path string, mask int) *unix.Statx_t {
	t.Helper()
	var st unix.Statx_t
	must(t, unix.Statx(unix.AT_FDCWD, path, 0, mask, &st))
	return &st
}

func TestStatusIsLaidOutAsByTheKernel(t *testing.T) {
	arch := abi.Native()[0]
	for _, path := range sampleFiles(t) {
		var st unix.Stat_t
		must(t, unix.Stat(path, &st))
		want := unsafe.Slice((*byte)(unsafe.Pointer(&st)), int(unsafe.Sizeof(st)))
		compareLayout(t, arch, "newfstatat", path, want, statusOf(t, path, statxMask))
		for _, mask := range []int{unix.STATX_BASIC_STATS, unix.STATX_ALL, unix.STATX_BASIC_STATS | unix.STATX_MNT_ID | unix.STATX_DIOALIGN} {
			stx := statusOf(t, path, mask)
			compareLayout(t, arch, "statx", path, unsafe.Slice((*byte)(unsafe.Pointer(stx)), 256), stx)
		}
	}
}

func compareLayout(t *testing.T, arch abi.Arch, name, path string, want []byte, st *unix.Statx_t) {
	t.Helper()
	got, errno := encodeStatus(arch, name, st)
	if errno != 0 || hex.EncodeToString(got) != hex.EncodeToString(want) {
		t.Errorf("%s %s %s: %v\n%x, kernel\n%x", arch, name, path, errno, got, want)
	}
}

// source32 prints what the 32-bit calls write, or their errno.
const source32 = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
static unsigned char buf[512];
static void show(const char *name, long r, int n) {
	printf("%s ", name);
	if (r < 0) printf("errno %d", errno);
	else for (int i = 0; i < n; i++) printf("%02x", buf[i]);
	puts("");
	memset(buf, 0, sizeof buf);
}
int main(int argc, char **argv) {
	int fd = open(argv[1], O_PATH);
	show("oldstat", syscall(18, argv[1], buf), 32);
	show("oldlstat", syscall(84, argv[1], buf), 32);
	show("oldfstat", syscall(28, fd, buf), 32);
	show("stat", syscall(106, argv[1], buf), 64);
	show("lstat", syscall(107, argv[1], buf), 64);
	show("fstat", syscall(108, fd, buf), 64);
	show("stat64", syscall(195, argv[1], buf), 96);
	show("lstat64", syscall(196, argv[1], buf), 96);
	show("fstat64", syscall(197, fd, buf), 96);
	show("fstatat64", syscall(300, -100, argv[1], buf, 0), 96);
	return 0;
}`

func TestStatusOf32BitProgramsIsLaidOutAsByTheKernel(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		return // there are no such programs
	}
	prog := filepath.Join(t.TempDir(), "prog")
	gcc := exec.Command(testenv.Command(t, "gcc"), "-m32", "-D_FILE_OFFSET_BITS=64", "-x", "c", "-o", prog, "-")
	gcc.Stdin = strings.NewReader(source32)
	if out, err := gcc.CombinedOutput(); err != nil {
		testenv.Skip(t, "no compiler for 32 bits: "+string(out[:min(len(out), 200)]))
	}
	for _, path := range sampleFiles(t) {
		out, err := exec.Command(prog, path).Output()
		must(t, err)
		st := statusOf(t, path, statxMask)
		for line := range strings.Lines(string(out)) {
			name, want, _ := strings.Cut(strings.TrimSpace(line), " ")
			got, errno := encodeStatus(abi.I386, name, st)
			text := hex.EncodeToString(got)
			if errno == unix.EOVERFLOW {
				text = "errno 75"
			}
			if text != want {
				t.Errorf("%s %s:\n%s, kernel\n%s", name, path, text, want)
			}
		}
	}
}

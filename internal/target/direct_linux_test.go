package target

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestADirectLookupIsTheThreads: where the run sees the caller's files, the
// lookup that goes there in one step gives what the walk gives.
func TestADirectLookupIsTheThreads(t *testing.T) {
	direct, walk, root := newView(t), newView(t), tempDir(t)
	direct.Same = true
	makeTree(t, root, "d/", "d/f", "rel -> d/f", "abs -> ROOT/d", "l0 -> d/f", "proc -> /proc")
	for i := range 40 {
		makeTree(t, root, fmt.Sprintf("l%d -> l%d", i+1, i))
	}
	t.Chdir(root)
	dir := openDirectory(t, root)
	for _, path := range []string{
		"d/f", "rel", "abs/f", "d/", "d/f/", "none", "none/x", "d/f/x", ".", "..", "l1", "l30", "l38", "l39", "l40", strings.Repeat("./", 2040) + "d/f",
		strings.Repeat("./", 2046), "/proc/self/cwd/d", "//proc/self/cwd/d", "/./proc/self/cwd/d", "/tmp/../proc/self/cwd/d", "/proc/self/comm", "//proc/self/comm",
	} {
		for _, from := range []int32{unix.AT_FDCWD, dir, 900, -5} {
			for _, follow := range []bool{true, false} {
				l := Lookup{Thread: Thread(os.Getpid()), Dir: from, Path: path, Follow: follow}
				want, wantErr := walk.Statx(l, unix.STATX_BASIC_STATS)
				got, err := direct.Statx(l, unix.STATX_BASIC_STATS)
				if err != wantErr || err == 0 && got.Ino != want.Ino {
					t.Errorf("%.40q from %d, follow %v: inode %d, %v; by walking %d, %v", path, from, follow, got.Ino, err, want.Ino, wantErr)
				}
			}
		}
	}
}

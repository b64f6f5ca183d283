package image_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/image"
	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/internal/testenv"
)

// many is an image of so many files, each of which has some bytes.
func many(t testing.TB, n int) string {
	entries := []Entry{{Name: "./"}}
	for i := range n {
		entries = append(entries, Entry{Name: fmt.Sprintf("d%d/f%d", i%10, i), Body: strings.Repeat("x", 1000), UID: 5})
	}
	return write(t, "many.tar", Tar(t, entries...))
}

// cacheRoot is the helper: it takes a root of the cache, says so, and holds it
// until its input ends.
func cacheRoot(args []string) int {
	img, err := image.Open(args[1], image.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	started := false
	e, err := image.Cache{Dir: args[0]}.Root(context.Background(), img, image.UnpackOptions{Progress: func(int64, int64) {
		if !started && len(args) > 2 {
			started = true
			fmt.Println("unpacking")
			time.Sleep(time.Minute) // to be killed here
		}
	}})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(e.Dir)
	bufio.NewReader(os.Stdin).ReadString('\n')
	return 0
}

func root(t testing.TB, c image.Cache, path string) *image.Entry {
	t.Helper()
	e, err := c.Root(context.Background(), open(t, path, image.Options{}), image.UnpackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func newCache(t testing.TB) image.Cache {
	c := image.Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	t.Cleanup(func() { c.Prune(image.PruneOptions{}) })
	return c
}

func TestCacheUnpacksOnce(t *testing.T) {
	leaks(t)
	c, path := newCache(t), many(t, 20)
	first := root(t, c, path)
	marker := filepath.Join(first.Dir, "marker")
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second := root(t, c, path)
	if _, err := os.Stat(filepath.Join(second.Dir, "marker")); err != nil || first.Dir != second.Dir {
		t.Errorf("unpacked again: %s %s %v", first.Dir, second.Dir, err)
	}
	list, err := c.List()
	if err != nil || len(list) != 1 || !list[0].InUse || list[0].Size != 20000 || !strings.HasPrefix(list[0].Digest, "sha256:") {
		t.Errorf("list %+v, %v", list, err)
	}
}

// TestCacheSeesChanges: a file of the same name that was written anew is
// another image.
func TestCacheSeesChanges(t *testing.T) {
	c := newCache(t)
	path := write(t, "x", Tar(t, Entry{Name: "etc/one"}))
	first := root(t, c, path)
	if err := os.WriteFile(path, Tar(t, Entry{Name: "etc/two"}), 0o644); err != nil {
		t.Fatal(err)
	}
	if second := root(t, c, path); second.Key == first.Key || Tree(t, second.Dir)["etc/two"] == "" {
		t.Error("the old files were used")
	}
}

func TestCacheKeepsNotes(t *testing.T) {
	c := newCache(t)
	path := write(t, "x", Tar(t, Entry{Name: "./"}, Entry{Name: "a", UID: 5, GID: 6, Mode: 0o4755}))
	for range 2 {
		var got []image.Noted
		o := image.UnpackOptions{Unprivileged: true, Note: func(n image.Noted) error { got = append(got, n); return nil }}
		e, err := c.Root(context.Background(), open(t, path, image.Options{}), o)
		if err != nil {
			t.Fatal(err)
		}
		e.Close()
		want := image.Noted{Path: "a", UID: 5, GID: 6, Mode: 0o104755}
		if len(got) == 0 || !cmp.Equal(want, got[len(got)-1]) {
			t.Errorf("notes %+v, want %+v last", got, want)
		}
	}
}

func TestCacheManyGoroutines(t *testing.T) {
	leaks(t)
	c, path := newCache(t), many(t, 200)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			img, err := image.Open(path, image.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer img.Close()
			e, err := c.Root(context.Background(), img, image.UnpackOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			defer e.Close()
			if n := len(Tree(t, e.Dir)); n != 213 { // 200, their directories, and the places of what a run has mounted
				t.Errorf("%d files", n)
			}
		})
	}
	// Prune at the same time takes away what nobody uses, and nothing else.
	for range 20 {
		if _, err := c.Prune(image.PruneOptions{}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
}

func TestCacheManyProcesses(t *testing.T) {
	c, path := newCache(t), many(t, 200)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			out, err := testenv.Helper(t, "cache-root", c.Dir, path).Output()
			if err != nil || len(strings.Fields(string(out))) != 1 {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	wg.Wait()
	left, err := os.ReadDir(filepath.Join(c.Dir, "unpacking"))
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if list, err := c.List(); err != nil || len(list) != 1 || list[0].InUse {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestCacheKilledWhileUnpacking(t *testing.T) {
	c := newCache(t)
	path := files(t, simple(t).asStrings()) // its digest is known: the first progress is the unpacking's
	cmd := testenv.Helper(t, "cache-root", c.Dir, path, "stop")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "unpacking\n" {
		t.Fatalf("%q, %v", line, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Root(ctx, open(t, path, image.Options{}), image.UnpackOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another unpacks: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if list, err := c.List(); err != nil || len(list) != 0 {
		t.Errorf("half an image counts: %+v, %v", list, err)
	}
	left, err := os.ReadDir(filepath.Join(c.Dir, "unpacking"))
	if err != nil || len(left) != 1 {
		t.Errorf("nothing was being unpacked: %v, %v", left, err)
	}
	if e := root(t, c, path); Tree(t, e.Dir)["b"] != "f 2" {
		t.Error("not unpacked whole after that")
	}
}

func TestPruneSweeps(t *testing.T) {
	c := newCache(t)
	root(t, c, many(t, 1))
	half := filepath.Join(c.Dir, "unpacking", "0123")
	if err := os.MkdirAll(filepath.Join(half, "rootfs/a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(half, "rootfs"), 0); err != nil {
		t.Fatal(err)
	}
	if gone, err := c.Prune(image.PruneOptions{}); err != nil || len(gone) != 0 {
		t.Errorf("what is in use was pruned: %+v, %v", gone, err)
	}
	if _, err := os.Lstat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed process left is there: %v", err)
	}
}

func TestPrune(t *testing.T) {
	c := newCache(t)
	var entries []*image.Entry
	for i := range 4 {
		entries = append(entries, root(t, c, many(t, i+1)))
		if i < 3 { // the one used last stays in use
			entries[i].Close()
		}
		old := time.Now().Add(time.Duration(i-10) * time.Hour)
		if err := os.Chtimes(filepath.Join(c.Dir, "roots", entries[i].Key, "entry.json"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n int) {
		list, err := c.List()
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	for _, test := range []struct {
		o          image.PruneOptions
		gone, left int
	}{
		{image.PruneOptions{OlderThan: 100 * time.Hour}, 0, 4},
		{image.PruneOptions{Keep: 3}, 0, 4},
		{image.PruneOptions{DryRun: true}, 3, 4},
		{image.PruneOptions{OlderThan: 9*time.Hour + 30*time.Minute}, 1, 3},
		{image.PruneOptions{Keep: 1}, 1, 2},
		{image.PruneOptions{}, 1, 1},
	} {
		gone, err := c.Prune(test.o)
		if err != nil || len(gone) != test.gone || left() != test.left {
			t.Errorf("%+v: %d gone, %d left, %v; want %d, %d", test.o, len(gone), left(), err, test.gone, test.left)
		}
	}
	if _, err := os.Stat(entries[3].Dir); err != nil {
		t.Errorf("what is in use is gone: %v", err)
	}
}

// TestFailureLeavesNothing: neither in a cache nor in a directory that was there.
func TestFailureLeavesNothing(t *testing.T) {
	bad := write(t, "x", Tar(t, Entry{Name: "good", Mode: 0o400}, Entry{Name: "dir/", Mode: 0o500}, Entry{Name: "dir/x"}, Entry{Name: "../bad"}))
	c := newCache(t)
	_, err := c.Root(context.Background(), open(t, bad, image.Options{}), image.UnpackOptions{})
	has(t, err, "../bad", bad)
	for _, sub := range []string{"roots", "unpacking"} {
		if left, err := os.ReadDir(filepath.Join(c.Dir, sub)); err != nil || len(left) > 0 {
			t.Errorf("%s has %v, %v", sub, left, err)
		}
	}
	dir := t.TempDir()
	has(t, open(t, bad, image.Options{}).Unpack(context.Background(), dir, image.UnpackOptions{}), "../bad")
	if got := Tree(t, dir); len(got) > 0 {
		t.Errorf("left %v", got)
	}
}

// TestBomb: some kilobytes that would become a gigabyte.
func TestBomb(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	head := Tar(t, Entry{Name: "x", Body: ""})[:512]
	if _, err := w.Write(head); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 64 { // behind the end of the archive, where no header tells
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path, dir := write(t, "x", bomb.Bytes()), filepath.Join(t.TempDir(), "r")
	err := open(t, path, image.Options{}).Unpack(context.Background(), dir, image.UnpackOptions{Limits: image.Limits{Bytes: 1 << 20}})
	if l, ok := errors.AsType[*image.LimitError](err); !ok || l.Limit != "bytes" {
		t.Errorf("error %v", err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
}

func TestProgress(t *testing.T) {
	path := many(t, 500)
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var last, total int64
	o := image.UnpackOptions{Progress: func(done, of int64) {
		if done < last {
			t.Errorf("%d after %d", done, last)
		}
		last, total = done, of
	}}
	if err := open(t, path, image.Options{}).Unpack(context.Background(), filepath.Join(t.TempDir(), "r"), o); err != nil {
		t.Fatal(err)
	}
	if last != fi.Size() || total != fi.Size() {
		t.Errorf("at the end %d of %d, the file has %d", last, total, fi.Size())
	}
}

func (l layout) asStrings() map[string]string {
	m := map[string]string{}
	for name, data := range l {
		m[name] = string(data)
	}
	return m
}

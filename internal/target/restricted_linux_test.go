package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBeneathStaysThere moves directories out of the one that a lookup is to
// stay in while it goes through them by "..".
func TestBeneathStaysThere(t *testing.T) {
	v, top := newView(t), tempDir(t)
	base, out := filepath.Join(top, "base"), filepath.Join(top, "out")
	for _, dir := range []string{base + "/a/b/c", out} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{base + "/a/f", base + "/f", out + "/f", top + "/f"} {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := unix.Open(base, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dir)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Rename(base+"/a/b", out+"/b")
				_ = os.Rename(out+"/b", base+"/a/b")
			}
		}
	}()
	found := 0
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		for _, resolve := range []uint64{unix.RESOLVE_BENEATH, unix.RESOLVE_IN_ROOT} {
			l := Lookup{Thread: Thread(os.Getpid()), Dir: int32(dir), Path: "a/b/c/../../f", Follow: true, Pin: true, Resolve: resolve}
			p, errno := v.Resolve(l)
			switch {
			case errno == 0 && !strings.HasPrefix(p.Canonical, base+"/"):
				t.Errorf("led to %s", p.Canonical)
			case errno == 0:
				found++
			case errno != unix.ENOENT && errno != unix.EAGAIN && errno != unix.EXDEV:
				t.Errorf("%v", errno)
			}
			p.Close()
		}
	}
	close(stop)
	<-done
	if found == 0 {
		t.Error("nothing was ever found")
	}
}

func TestRestrictedErrors(t *testing.T) {
	v, top := newView(t), tempDir(t)
	for link, to := range map[string]string{"up": "..", "abs": "/", "dangling": "missing", "loop": "loop", "magic": "/proc/self/cwd"} {
		if err := os.Symlink(to, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := unix.Open(top, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dir)
	for _, tt := range []struct {
		path    string
		resolve uint64
		want    unix.Errno
	}{
		{"..", unix.RESOLVE_BENEATH, unix.EXDEV},
		{"up", unix.RESOLVE_BENEATH, unix.EXDEV},
		{"abs", unix.RESOLVE_BENEATH, unix.EXDEV},
		{top, unix.RESOLVE_BENEATH, unix.EXDEV},
		{"abs/missing/x", unix.RESOLVE_IN_ROOT, unix.ENOENT},
		{"loop", unix.RESOLVE_IN_ROOT, unix.ELOOP},
		{"up", unix.RESOLVE_NO_SYMLINKS, unix.ELOOP},
		{"magic", unix.RESOLVE_NO_MAGICLINKS, unix.ELOOP},
		{"magic", unix.RESOLVE_NO_XDEV, unix.EXDEV},
		{"/proc/self", unix.RESOLVE_NO_XDEV, unix.EXDEV},
		{"missing/x", unix.RESOLVE_BENEATH, unix.ENOENT},
		{"x", unix.RESOLVE_BENEATH, unix.EBADF},
	} {
		l := Lookup{Thread: Thread(os.Getpid()), Dir: int32(dir), Path: tt.path, Follow: true, Pin: true, Resolve: tt.resolve}
		if tt.want == unix.EBADF {
			l.Dir = -1
		}
		p, errno := v.Resolve(l)
		if errno != tt.want {
			t.Errorf("%s with %#x: %v, want %v", tt.path, tt.resolve, errno, tt.want)
		}
		p.Close()
	}
}

package spawn

import (
	"os"
	"syscall"
	"testing"
)

// The child waits for the end of its socket.
func TestMain(m *testing.M) {
	if os.Args[0] == Name && os.Getenv(Variable) != "" {
		var b [1]byte
		n, err := syscall.Read(3, b[:])
		if n != 0 || err != nil {
			os.Exit(1)
		}
		os.Exit(7)
	}
	os.Exit(m.Run())
}

func usual() Request { return First([]uintptr{0, 1, 2}, 0, 0) }

func TestChildEndsWithItsSocket(t *testing.T) {
	c, err := Start(usual())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(c.PID, 0); err != nil {
		t.Error(err)
	}
	c.LetGo()
	if c.Status.ExitStatus() != 7 || c.Err != nil {
		t.Errorf("status %#x, %v", int(c.Status), c.Err)
	}
}

func TestStartThatFails(t *testing.T) {
	r := usual()
	r.Cgroup = 1 << 20 // not open
	if c, err := Start(r); err == nil {
		t.Errorf("child %d", c.PID)
	}
	r = usual()
	r.Prepare = func() error { return syscall.EDOM }
	if c, err := Start(r); err != syscall.EDOM {
		t.Errorf("child %v, %v", c, err)
	}
}

// What is prepared is prepared for the child and for nobody else.
func TestStartOfAProgramInFront(t *testing.T) {
	var out [2]int
	if err := syscall.Pipe2(out[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(out[0])
	r := usual()
	r.Path, r.Args, r.Dir, r.Files[1] = "/bin/sh", []string{"sh", "-c", "pwd; umask; read x <&3; exit 7"}, "/", uintptr(out[1])
	own := syscall.Umask(022)
	defer syscall.Umask(own)
	r.Prepare = func() error {
		if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
			return err
		}
		syscall.Umask(0123)
		return nil
	}
	c, err := Start(r)
	syscall.Close(out[1])
	if err != nil {
		t.Fatal(err)
	}
	c.LetGo()
	told := make([]byte, 100)
	n, err := syscall.Read(out[0], told)
	if string(told[:max(n, 0)]) != "/\n0123\n" || err != nil || c.Status.ExitStatus() != 7 {
		t.Errorf("%q, %v, status %#x", told[:max(n, 0)], err, int(c.Status))
	}
	if mask := syscall.Umask(022); mask != 022 {
		t.Errorf("umask %#o here", mask)
	}
}

func TestTakeIsWhatWasBegun(t *testing.T) {
	if c := Take(usual()); c != nil {
		t.Errorf("child %d, and none was begun", c.PID)
	}
	Begin(usual())
	c := Take(usual())
	if c == nil {
		t.Fatal("no child")
	}
	defer c.LetGo()
	if second := Take(usual()); second != nil {
		t.Errorf("a second one: %d", second.PID)
	}
}

// What was begun and is not what is wanted ends.
func TestTakeOfAnother(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"flags":  func(r *Request) { r.Cloneflags = syscall.CLONE_NEWNET },
		"caps":   func(r *Request) { r.Caps = RootCaps },
		"files":  func(r *Request) { r.Files = []uintptr{0, 1, 1} },
		"cgroup": func(r *Request) { r.Cgroup = 3 },
		"path":   func(r *Request) { r.Path = "/proc/self/exe" },
		"dir":    func(r *Request) { r.Dir = "/" },
		// Nobody knows what it does.
		"prepare": func(r *Request) { r.Prepare = func() error { return nil } },
	} {
		Begin(usual())
		b := begun.Load()
		c := <-b.child
		b.child <- c
		other := usual()
		change(&other)
		if taken := Take(other); taken != nil {
			t.Errorf("%s: child %d", name, taken.PID)
		}
		if <-c.Waited; c.Status.ExitStatus() != 7 {
			t.Errorf("%s: status %#x", name, int(c.Status))
		}
	}
}

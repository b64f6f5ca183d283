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
	} {
		Begin(usual())
		c := <-begun
		begun <- c
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

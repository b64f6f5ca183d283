package target

import (
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// edge returns two pages, of which the second cannot be read, and the address of the first.
func edge(t *testing.T) (page []byte, addr uint64) {
	t.Helper()
	size := os.Getpagesize()
	both, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(both) })
	if err := unix.Mprotect(both[size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return both[:size], uint64(reflect.ValueOf(both).Pointer())
}

func TestReadStringAtTheEdgeOfWhatCanBeRead(t *testing.T) {
	page, addr := edge(t)
	self := Thread(os.Getpid())
	size := len(page)
	for _, length := range []int{0, 1, 254, 255, 256, 257, 511, 512, 4000, size - 1} {
		want := strings.Repeat("x", length)
		copy(page[size-length-1:], want+"\x00")
		got, errno := self.ReadString(addr+uint64(size-length-1), size)
		if errno != 0 || got != want {
			t.Errorf("length %d: %d bytes, %v", length, len(got), errno)
		}
	}
	for i := range page {
		page[i] = 'x'
	}
	for _, length := range []int{1, 255, 256, 4000, size} { // no NUL before the end
		if got, errno := self.ReadString(addr+uint64(size-length), 2*size); errno != unix.EFAULT {
			t.Errorf("length %d: %q, %v", length, got, errno)
		}
	}
}

func TestReadStringAcrossPages(t *testing.T) {
	size := os.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 3*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(pages)
	addr := uint64(reflect.ValueOf(pages).Pointer())
	for _, start := range []int{0, 1, size - 300, size - 1} {
		want := strings.Repeat("ab", size/2) + "c"
		copy(pages[start:], want+"\x00")
		if got, errno := Thread(os.Getpid()).ReadString(addr+uint64(start), 2*size); errno != 0 || got != want {
			t.Errorf("from %d: %d bytes, %v", start, len(got), errno)
		}
	}
}

func TestReadStringKeepsToItsLimit(t *testing.T) {
	page, addr := edge(t)
	self := Thread(os.Getpid())
	copy(page, strings.Repeat("x", 300)+"\x00")
	for limit, want := range map[int]unix.Errno{0: unix.ENAMETOOLONG, 1: unix.ENAMETOOLONG, 256: unix.ENAMETOOLONG, 300: unix.ENAMETOOLONG, 301: 0, 302: 0} {
		if got, errno := self.ReadString(addr, limit); errno != want || errno == 0 && len(got) != 300 {
			t.Errorf("limit %d: %d bytes, %v", limit, len(got), errno)
		}
	}
}

func TestBadAddressesAreErrors(t *testing.T) {
	page, addr := edge(t)
	size := uint64(len(page))
	self := Thread(os.Getpid())
	for _, a := range []uint64{0, 1, addr + size, 1 << 63, ^uint64(0), ^uint64(0) - 100} {
		if _, errno := self.ReadPath(a); errno != unix.EFAULT {
			t.Errorf("ReadPath %#x: %v", a, errno)
		}
		if errno := self.Read(a, make([]byte, 8)); errno != unix.EFAULT {
			t.Errorf("Read %#x: %v", a, errno)
		}
		if errno := self.Write(a, make([]byte, 8)); errno != unix.EFAULT {
			t.Errorf("Write %#x: %v", a, errno)
		}
	}
	// Half of it can be read and written.
	if errno := self.Read(addr+size-4, make([]byte, 8)); errno != unix.EFAULT {
		t.Errorf("Read over the edge: %v", errno)
	}
	if errno := self.Write(addr+size-4, make([]byte, 8)); errno != unix.EFAULT {
		t.Errorf("Write over the edge: %v", errno)
	}
}

func TestReadAndWrite(t *testing.T) {
	page, addr := edge(t)
	self := Thread(os.Getpid())
	if errno := self.Write(addr+5, []byte("hello")); errno != 0 || string(page[4:11]) != "\x00hello\x00" {
		t.Errorf("%q, %v", page[4:11], errno)
	}
	buf := make([]byte, 5)
	if errno := self.Read(addr+5, buf); errno != 0 || string(buf) != "hello" {
		t.Errorf("%q, %v", buf, errno)
	}
	if errno := self.Read(0, nil); errno != 0 {
		t.Errorf("nothing at a bad address: %v", errno)
	}
}

func TestAThreadThatIsGone(t *testing.T) {
	c := exec.Command("true")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	gone := Thread(c.Process.Pid)
	if _, errno := gone.ReadPath(4096); errno != unix.ESRCH {
		t.Errorf("ReadPath: %v", errno)
	}
	if _, errno := gone.Status(); errno != unix.ESRCH {
		t.Errorf("Status: %v", errno)
	}
	if name := gone.Program(); name != "" {
		t.Errorf("Program: %q", name)
	}
}

func TestStatusOfThisThread(t *testing.T) {
	self := Thread(os.Getpid())
	s, errno := self.Status()
	if errno != 0 || s.Tgid != os.Getpid() || s.PPid != os.Getppid() || s.NSPid != s.NSTgid ||
		s.FSUID != uint32(os.Geteuid()) || s.FSGID != uint32(os.Getegid()) {
		t.Errorf("%+v, %v", s, errno)
	}
	mask := unix.Umask(0o027)
	s, _ = self.Status()
	unix.Umask(mask)
	if s.Umask != 0o027 {
		t.Errorf("umask %o", s.Umask)
	}
}

func TestCloseOnExec(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	self := Thread(os.Getpid())
	if !self.CloseOnExec(int(r.Fd())) || self.CloseOnExec(int(w.Fd())) || !self.CloseOnExec(1<<20) {
		t.Error("the flag is not what it is")
	}
}

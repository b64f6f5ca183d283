package stage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// pair returns both ends of a connection.
func pair(t *testing.T) (a, b *conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b = &conn{fd: fds[0]}, &conn{fd: fds[1]}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return a, b
}

func mustReceive(t *testing.T, c *conn) (message, beside) {
	t.Helper()
	m, with, err := c.receive()
	if err != nil {
		t.Fatal(err)
	}
	return m, with
}

func TestMessagesKeepTheirBoundsAndDescriptors(t *testing.T) {
	a, b := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// All are sent before the first is received.
	sent := []message{{Hello: true}, {Ready: &ready{Netns: 5}}, {Started: 71}, {Go: true}}
	for i, m := range sent {
		var control []byte
		if i == 1 {
			control = unix.UnixRights(int(w.Fd()))
		}
		if err := a.sendWith(m, control); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	for i, want := range sent {
		got, with := mustReceive(t, b)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("message %d: %s", i, diff)
		}
		if (with.fd >= 0) != (i == 1) {
			t.Errorf("message %d came with descriptor %d", i, with.fd)
		}
		if i == 1 {
			checkPipe(t, r, with.fd)
		}
	}
}

// checkPipe tells whether fd is the other end of r, the only one, and does not leak.
func checkPipe(t *testing.T, r *os.File, fd int) {
	t.Helper()
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v", flags, err)
	}
	f := os.NewFile(uintptr(fd), "pipe")
	fmt.Fprint(f, "through")
	f.Close()
	if data, err := io.ReadAll(r); err != nil || string(data) != "through" {
		t.Errorf("%q, %v", data, err)
	}
}

// A message does not fit into a socket's buffer: an environment of a megabyte.
func TestALargeMessageArrivesInParts(t *testing.T) {
	a, b := pair(t)
	env := strings.Repeat("x", 3<<20)
	failed := make(chan error, 1)
	go func() { failed <- a.sendWith(message{Spec: &Spec{Env: []string{env, "b=c"}}}, unix.UnixRights(0)) }()
	m, with := mustReceive(t, b)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if m.Spec == nil || len(m.Spec.Env) != 2 || m.Spec.Env[0] != env || m.Spec.Env[1] != "b=c" {
		t.Error("it is not what was sent")
	}
	if with.fd < 0 {
		t.Error("the descriptor was lost")
	}
	unix.Close(with.fd)
}

func TestSendersDoNotMixTheirMessages(t *testing.T) {
	a, b := pair(t)
	var senders sync.WaitGroup
	const each = 50
	for i := range 4 {
		senders.Go(func() {
			text := strings.Repeat(string(rune('a'+i)), 9000)
			for range each {
				if err := a.sendWith(message{Failed: &failure{Text: text}}, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 4 * each {
		m, _ := mustReceive(t, b)
		if m.Failed == nil || len(m.Failed.Text) != 9000 || strings.Trim(m.Failed.Text, m.Failed.Text[:1]) != "" {
			t.Fatal("parts of several messages came as one")
		}
	}
	senders.Wait()
}

func TestASenderIsKnownByItsProcessID(t *testing.T) {
	a, b := pair(t)
	if err := unix.SetsockoptInt(b.fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		t.Fatal(err)
	}
	if err := a.sendWith(message{Hello: true}, unix.UnixRights(0)); err != nil {
		t.Fatal(err)
	}
	m, with := mustReceive(t, b)
	if !m.Hello || with.pid != os.Getpid() || with.fd < 0 {
		t.Errorf("%+v with %+v", m, with)
	}
	unix.Close(with.fd)
}

func TestReceiveErrors(t *testing.T) {
	size := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	for _, test := range []struct {
		name  string
		bytes []byte
		want  error // nil: any
	}{
		{"nothing", nil, io.EOF},
		{"half a length", []byte{1, 0}, io.EOF},
		{"no body", size(4), io.EOF},
		{"a body that is cut off", append(size(40), 0, 0), io.EOF},
		{"an empty body", size(0), errShort},
		{"a body that is too short inside", append(size(2), 1, 0xff), errShort},
		{"a length beyond the limit", size(maxMessage + 1), nil},
	} {
		a, b := pair(t)
		if len(test.bytes) > 0 {
			if _, err := unix.Write(a.fd, test.bytes); err != nil {
				t.Fatal(err)
			}
		}
		unix.Shutdown(a.fd, unix.SHUT_WR)
		m, _, err := b.receive()
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %+v, %v", test.name, m, err)
		}
	}
}

func TestMoreThanOneDescriptorIsAnError(t *testing.T) {
	a, b := pair(t)
	if err := a.sendWith(message{Hello: true}, unix.UnixRights(0, 1)); err != nil {
		t.Fatal(err)
	}
	before := openDescriptors(t)
	_, _, err := b.receive()
	if err == nil || err.Error() != "2 descriptors beside a message" {
		t.Errorf("%v", err)
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors are open, before %d", after, before)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestSendToNobodyIsAnErrorAndNoSignal(t *testing.T) {
	a, b := pair(t)
	unix.Shutdown(b.fd, unix.SHUT_RDWR)
	if err := a.sendWith(message{Go: true}, nil); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
}

func TestCloseEndsAReceive(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	c := &conn{fd: fds[0]}
	ended := make(chan error)
	go func() {
		_, _, err := c.receive()
		ended <- err
	}()
	c.shutdown() // before or after receive has begun to wait: it returns
	if err := <-ended; err == nil {
		t.Error("a message came from nowhere")
	}
}

// Package spawn has the numbers of capabilities by itself.
func TestCapabilities(t *testing.T) {
	var root uint64
	for _, c := range []int{
		unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL, unix.CAP_SETGID, unix.CAP_SETUID,
		unix.CAP_SETPCAP, unix.CAP_NET_BIND_SERVICE, unix.CAP_SETFCAP,
	} {
		root |= 1 << c
	}
	fake := uint64(1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_SYS_CHROOT | 1<<unix.CAP_MKNOD)
	init := uint64(1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SETPCAP | 1<<unix.CAP_SYS_CHROOT | 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_OVERRIDE)
	if spawn.RootCaps != root || spawn.FakeRootCaps != fake || spawn.First(nil, 0, 0).Caps != init {
		t.Errorf("%#x, %#x, %#x", spawn.RootCaps, spawn.FakeRootCaps, spawn.First(nil, 0, 0).Caps)
	}
}

//go:build amd64

package attack

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// surroundings are the canaries and the victim of an arm, where its program has a use for them.
type surroundings struct {
	*canaries
	victim *victim
}

func startSurroundings(t *task, program string, benign bool) (s surroundings, err error) {
	s.canaries = &canaries{}
	if socketPrograms[program] != nil || program == "shm-outside" || program == "race-connect" {
		dir := t.Arena.Root
		if benign {
			dir = t.Arena.Allowed
		}
		if s.canaries, err = startCanaries(dir); err != nil {
			return s, err
		}
		c := s.canaries.t
		t.Target.Unix, t.Target.Dgram, t.Target.Port, t.Target.Key = c.Unix, c.Dgram, c.Port, c.Key
	}
	if processPrograms[program] != nil {
		if s.victim, err = startVictim(); err != nil {
			return s, err
		}
		t.Target.PID = s.victim.cmd.Process.Pid
	}
	return s, nil
}

func (s surroundings) stop() {
	s.canaries.stop()
	s.victim.stop()
}

// settle waits for what is under way to a listener or a process: until it has
// come, where it is to come, or for a moment.
func (s surroundings) settle(expected bool, come func() bool) {
	if s.close == nil && s.victim == nil {
		return
	}
	within := 10 * time.Millisecond
	if expected {
		within = 3 * time.Second
	}
	for end := time.Now().Add(within); time.Now().Before(end) && !come(); {
		time.Sleep(time.Millisecond)
	}
}

// canaries are listeners outside that count what reaches them.
type canaries struct {
	heard atomic.Int64
	files atomic.Int64 // descriptors that were passed to them
	close []func() error
	t     target
}

var lastKey atomic.Int64

// startCanaries listens in dir, on the loopback and on an abstract name, and
// makes a shared memory segment.
func startCanaries(dir string) (*canaries, error) {
	c := &canaries{t: target{
		Unix: filepath.Join(dir, "s.sock"), Dgram: filepath.Join(dir, "d.sock"),
		Key: 0x5a000000 + os.Getpid()<<8&0xffff00 + int(lastKey.Add(1)&0xff),
	}}
	stream, err := net.Listen("unix", c.t.Unix)
	if err != nil {
		return c, err
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return c, err
	}
	c.t.Port = tcp.Addr().(*net.TCPAddr).Port
	for _, l := range []net.Listener{stream, tcp} {
		c.close = append(c.close, l.Close)
		go c.accept(l)
	}
	udp, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", c.t.Port))
	if err != nil {
		return c, err
	}
	c.close = append(c.close, udp.Close)
	go c.packets(udp)
	for _, name := range []string{c.t.Dgram, "@attack-" + itoa(c.t.Key)} {
		d, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			return c, err
		}
		c.close = append(c.close, d.Close)
		go c.datagrams(d)
	}
	if id, err := unix.SysvShmGet(c.t.Key, 4096, unix.IPC_CREAT|0o666); err == nil {
		c.close = append(c.close, func() error { _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); return err })
	}
	return c, nil
}

func (c *canaries) stop() {
	for _, f := range c.close {
		f()
	}
}

func (c *canaries) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.heard.Add(1)
		conn.Close()
	}
}

func (c *canaries) packets(l net.PacketConn) {
	buf := make([]byte, 100)
	for {
		if _, _, err := l.ReadFrom(buf); err != nil {
			return
		}
		c.heard.Add(1)
	}
}

func (c *canaries) datagrams(l *net.UnixConn) {
	buf, oob := make([]byte, 100), make([]byte, 1000)
	for {
		_, n, _, _, err := l.ReadMsgUnix(buf, oob)
		if err != nil {
			return
		}
		c.heard.Add(1)
		if n > 0 {
			c.files.Add(1)
		}
	}
}

// victim is a process outside that is to be left alone.
type victim struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func startVictim() (*victim, error) {
	v := &victim{cmd: exec.Command(self, "attack-program", "idle", "{}"), done: make(chan struct{})}
	if err := startIdle(v.cmd); err != nil {
		return nil, err
	}
	go func() { v.cmd.Wait(); close(v.done) }()
	return v, nil
}

func (v *victim) stop() {
	if v == nil {
		return
	}
	v.cmd.Process.Kill()
	<-v.done
}

// state is what can be seen of it from outside.
func (v *victim) state() string {
	if v == nil {
		return ""
	}
	pid := v.cmd.Process.Pid
	select {
	case <-v.done:
		return "ended"
	default:
	}
	limits, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, pid)
	var cpus unix.CPUSet
	unix.SchedGetaffinity(pid, &cpus)
	io, _, _ := unix.Syscall(unix.SYS_IOPRIO_GET, 1, uintptr(pid), 0)
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, traced, _ := strings.Cut(string(status), "TracerPid:")
	traced, _, _ = strings.Cut(traced, "\n")
	_, state, _ := strings.Cut(string(status), "State:")
	state, _, _ = strings.Cut(strings.TrimSpace(state), " ")
	if state == "Z" || state == "X" {
		return "ended"
	}
	return fmt.Sprint(string(limits), nice, cpus, io, traced, state == "T")
}

// withToken lists the processes that have the token in their command line.
func withToken(token string) []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if pid := atoi(e.Name()); err == nil && pid > 0 && pid != os.Getpid() && strings.Contains(string(line), token) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone waits until no process has the token.
func gone(token string, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if len(withToken(token)) == 0 {
			return true
		}
	}
	return false
}

func (t target) String() string {
	data, _ := json.Marshal(t)
	return string(data)
}

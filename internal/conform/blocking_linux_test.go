package conform

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	programs["fifo"] = fifoProgram
	programs["signals"] = signalsProgram
	programs["threads"] = threadsProgram
	programs["spawn"] = spawnProgram
}

// fifoProgram opens FIFOs of which the other end comes later, or never.
func fifoProgram(r *recorder) {
	r.enterCell()
	for _, pair := range [][2]int{{unix.O_RDONLY, unix.O_WRONLY}, {unix.O_WRONLY, unix.O_RDONLY}} {
		first := make(chan string)
		go func() { first <- throughFIFO(pair[0]) }()
		time.Sleep(20 * time.Millisecond)
		second := throughFIFO(pair[1])
		r.plain(text("first", pair[0]), <-first)
		r.plain(text("second", pair[1]), second)
	}
	fd, errno := invoke("openat", here, "fifo", unix.O_RDWR, 0)
	r.plain("both ends", result(0, errno))
	unix.Close(fd)
	_, errno = invoke("openat", here, "fifo", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	r.plain("nobody reads", errnoText(errno))
	r.waitAndDie(unix.O_RDONLY)
	r.waitAndDie(unix.O_WRONLY)
	r.interrupted()
}

// throughFIFO opens an end, and writes or reads a word.
func throughFIFO(flags int) string {
	fd, err := unix.Open("fifo", flags, 0)
	if err != nil {
		return errText(err)
	}
	defer unix.Close(fd)
	buf := make([]byte, 10)
	if flags == unix.O_WRONLY {
		n, err := unix.Write(fd, []byte("word"))
		return fmt.Sprint(n, errText(err))
	}
	n, err := unix.Read(fd, buf)
	return fmt.Sprintf("%d %s %q", n, errText(err), buf[:max(n, 0)])
}

// waitAndDie kills a process that waits for a FIFO's other end. Nobody may be
// at the FIFO afterwards.
func (r *recorder) waitAndDie(flags int) {
	redirect := map[int]string{unix.O_RDONLY: "read x < fifo", unix.O_WRONLY: "echo x > fifo"}
	c := exec.Command("sh", "-c", redirect[flags])
	must(c.Start())
	time.Sleep(100 * time.Millisecond)
	must(c.Process.Kill())
	err := c.Wait()
	r.plain("killed while it waited", fmt.Sprint(err))
	if flags == unix.O_WRONLY {
		return
	}
	time.Sleep(100 * time.Millisecond)
	_, errno := invoke("openat", here, "fifo", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	r.plain("nobody waits for it any more", errnoText(errno))
}

// interrupted waits for a FIFO while a signal comes that has a handler:
// without SA_RESTART the call is interrupted (signal(7)).
func (r *recorder) interrupted() {
	c := exec.Command("sh", "-c", `trap 'echo taken' USR1; read x < fifo || echo failed; echo "got $x"`)
	out, err := c.StdoutPipe()
	must(err)
	must(c.Start())
	time.Sleep(100 * time.Millisecond)
	must(c.Process.Signal(unix.SIGUSR1))
	time.Sleep(50 * time.Millisecond)
	fd, err := unix.Open("fifo", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	if err == nil {
		_, _ = unix.Write(fd, []byte("late\n"))
		unix.Close(fd)
	}
	text := make([]byte, 100)
	n, _ := out.Read(text)
	_ = c.Process.Kill()
	_ = c.Wait()
	r.plain("a signal while it waits", fmt.Sprintf("%q", text[:n]))
}

// signalsProgram does many calls while signals come in fast.
func signalsProgram(r *recorder) {
	r.enterCell()
	alarms := make(chan os.Signal, 1)
	signal.Notify(alarms, unix.SIGALRM)
	interval := unix.Itimerval{Interval: unix.Timeval{Usec: 300}, Value: unix.Timeval{Usec: 300}}
	_, err := unix.Setitimer(unix.ItimerReal, interval)
	must(err)
	wrong := 0
	end := time.Now().Add(400 * time.Millisecond)
	for i := 0; time.Now().Before(end); i++ {
		fd, err := unix.Open("file", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil || fd < 3 || !isFile(fd) {
			wrong++
		}
		unix.Close(fd)
		if unix.Mkdir("new", 0o755) != nil || unix.Rmdir("new") != nil || unix.Chmod("file", 0o640) != nil {
			wrong++
		}
	}
	_, err = unix.Setitimer(unix.ItimerReal, unix.Itimerval{})
	must(err)
	signal.Stop(alarms)
	r.plain("calls that went wrong under SIGALRM", wrong)
	r.note("after", "")
}

// isFile tells whether the descriptor is one of the cell's file.
func isFile(fd int) bool {
	var st, want unix.Stat_t
	return unix.Fstat(fd, &st) == nil && unix.Stat("file", &want) == nil && st.Ino == want.Ino
}

// threadsProgram opens and makes files from many threads at once, while the
// Go runtime interrupts them (SIGURG).
func threadsProgram(r *recorder) {
	r.enterCell()
	const threads, each = 64, 20
	var group sync.WaitGroup
	var mu sync.Mutex
	var failures []string
	for i := range threads {
		group.Go(func() {
			runtime.LockOSThread()
			for j := range each {
				name := fmt.Sprintf("empty/%d-%d", i, j)
				err := os.WriteFile(name, []byte(name), 0o644)
				if err == nil {
					err = os.Rename(name, name+".done")
				}
				if err != nil {
					mu.Lock()
					failures = append(failures, err.Error())
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	slices.Sort(failures)
	r.plain("64 threads", failures)
	r.note("after", "")
}

// spawnProgram starts programs by vfork, and looks at how they end.
func spawnProgram(r *recorder) {
	for _, script := range []string{
		"exit 0", "exit 7", "exit 255", "kill -TERM $$", "kill -SEGV $$", "exec no-such-program", "echo x > made; cat made", "umask 077; mkdir private; exec ls",
		"ulimit -n 20; for i in 1 2 3; do echo $i > n$i; done; cat n1 n2 n3", "(echo a; echo b >&2) 2>&1 | cat > both; cat both",
	} {
		r.enterCell()
		c := exec.Command("/bin/sh", "-c", script)
		c.SysProcAttr = &syscall.SysProcAttr{}
		out, err := c.Output()
		got := fmt.Sprintf("%q %v", out, err)
		if c.ProcessState != nil {
			got += fmt.Sprintf(" %#x", c.ProcessState.Sys().(syscall.WaitStatus)&^0x80) // but for the core dump
		}
		r.note(script, got)
	}
	for _, path := range []string{"no-such", "/etc/passwd", "/", ""} {
		err := exec.Command(path).Run()
		r.plain("execute "+path, fmt.Sprint(err))
	}
}

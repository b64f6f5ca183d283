package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
)

// progress shows on a terminal how far a recorded run is: a line that is written
// over, and taken away at the end.
type progress struct {
	w     io.Writer
	count func() catbox.Progress
	begun time.Time
	stop  chan struct{}
	done  sync.WaitGroup
}

// quietFor is how long a run takes before its progress is shown.
const quietFor = 2 * time.Second

// showProgress begins if standard error is a terminal; nil: it is none.
func showProgress(c *catbox.Cmd) *progress {
	if _, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	p := &progress{w: os.Stderr, count: c.Progress, begun: time.Now(), stop: make(chan struct{})}
	p.done.Go(p.run)
	return p
}

func (p *progress) run() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	shown := false
	for {
		select {
		case <-p.stop:
			if shown {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		case now := <-tick.C:
			if passed := now.Sub(p.begun); passed >= quietFor {
				fmt.Fprint(p.w, "\r\x1b[K"+line(p.count(), passed)+"\r")
				shown = true
			}
		}
	}
}

func line(n catbox.Progress, passed time.Duration) string {
	return fmt.Sprintf("catbox: recording: %s (%d now), %s, %s", processes(n.Processes), n.Living,
		accesses(n.Accesses), passed.Truncate(time.Second))
}

func accesses(n int) string {
	if n == 1 {
		return "1 access"
	}
	return fmt.Sprintf("%d accesses", n)
}

// close takes the line away.
func (p *progress) close() {
	if p == nil {
		return
	}
	close(p.stop)
	p.done.Wait()
}

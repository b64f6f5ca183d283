package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/record"
)

// liveLine shows on a terminal how far something is: a line that is written over, and
// taken away at the end.
type liveLine struct {
	text  func(passed time.Duration) string // "" shows nothing
	begun time.Time
	stop  chan struct{}
	done  sync.WaitGroup
}

// showLine begins if standard error is a terminal; nil: it is none.
func showLine(text func(passed time.Duration) string) *liveLine {
	if !isTerminal(os.Stderr) {
		return nil
	}
	l := &liveLine{text: text, begun: time.Now(), stop: make(chan struct{})}
	l.done.Go(l.run)
	return l
}

func (l *liveLine) run() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	shown := false
	for {
		select {
		case <-l.stop:
			if shown {
				fmt.Fprint(os.Stderr, "\r\x1b[K")
			}
			return
		case now := <-tick.C:
			if text := l.text(now.Sub(l.begun)); text != "" {
				fmt.Fprint(os.Stderr, "\r\x1b[K"+text+"\r")
				shown = true
			}
		}
	}
}

// close takes the line away.
func (l *liveLine) close() {
	if l == nil {
		return
	}
	close(l.stop)
	l.done.Wait()
}

// quietFor is how long a run takes before its progress is shown.
const quietFor = 2 * time.Second

// showProgress shows how far a recorded run is.
func showProgress(c *catbox.Cmd) *liveLine {
	return showLine(func(passed time.Duration) string {
		if passed < quietFor {
			return ""
		}
		n := c.Progress()
		return fmt.Sprintf("catbox: recording: %s (%d now), %s, %s", processes(n.Processes), n.Living,
			accesses(n.Accesses), passed.Truncate(time.Second))
	})
}

func accesses(n int) string {
	if n == 1 {
		return "1 access"
	}
	return fmt.Sprintf("%d accesses", n)
}

// showReading shows what a first overlay waits for.
func showReading(root string) (done func()) {
	return showLine(func(passed time.Duration) string { return readingLine(root, passed) }).close
}

// readingLine is nothing for the first second: a small root is read by then.
func readingLine(root string, passed time.Duration) string {
	if passed < time.Second {
		return ""
	}
	return fmt.Sprintf("catbox: first overlay of this user: reading the directories of %s ... %s", record.Quote(root), passed.Truncate(time.Second))
}

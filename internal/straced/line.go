package straced

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"github.com/catbox-go/catbox/record"
)

// Call is a system call that has ended, or the end of a thread, which has no Name.
type Call struct {
	Thread int
	Name   string
	// Args are the arguments as strace shows them.
	Args []string
	// Result is what the call returned, -1 with Errno if it failed; File is the path
	// that -y shows of a descriptor that was returned.
	Result int64
	Errno  syscall.Errno
	File   string
}

// reader puts lines together: a call that others interrupt is printed in two parts.
type reader struct {
	calls   []Call
	pending map[int]string // what was printed of a call, by thread
}

// Parse reads what strace wrote to the file of its option -o.
func Parse(r io.Reader) ([]Call, error) {
	p := reader{pending: map[int]string{}}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		if err := p.line(s.Text()); err != nil {
			return nil, fmt.Errorf("%w: %s", err, s.Text())
		}
	}
	return p.calls, s.Err()
}

const unfinished = " <unfinished ...>"

func (p *reader) line(line string) error {
	number, text, ok := strings.Cut(line, " ")
	thread, err := strconv.Atoi(number)
	if !ok || err != nil {
		return fmt.Errorf("no thread id")
	}
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "["): // a signal; "[ Process PID=1 runs in 32 bit mode. ]"
		return nil
	case strings.HasPrefix(text, "+++"):
		p.end(thread, text)
		return nil
	case strings.HasPrefix(text, "<... "):
		_, rest, ok := strings.Cut(text, " resumed>")
		if !ok {
			return fmt.Errorf("nothing is resumed")
		}
		text = p.pending[thread] + rest
		delete(p.pending, thread)
	}
	if begun, ok := strings.CutSuffix(text, unfinished); ok {
		p.pending[thread] = begun
		return nil
	}
	return p.call(thread, text)
}

// end serves "+++ exited with 0 +++", "+++ killed by SIGKILL +++" and "+++ superseded
// by execve in pid 7 +++": then the thread's id is that of thread 7 from now on.
func (p *reader) end(thread int, text string) {
	delete(p.pending, thread)
	var by int
	if n, _ := fmt.Sscanf(text, "+++ superseded by execve in pid %d +++", &by); n == 1 {
		p.pending[thread] = p.pending[by]
		delete(p.pending, by)
		return
	}
	p.calls = append(p.calls, Call{Thread: thread})
}

func (p *reader) call(thread int, text string) error {
	c := Call{Thread: thread}
	name, rest, ok := strings.Cut(text, "(")
	if !ok {
		return fmt.Errorf("no call")
	}
	c.Name = name
	if c.Args, rest, ok = arguments(rest); !ok {
		return fmt.Errorf("its arguments have no end")
	}
	result, ok := strings.CutPrefix(strings.TrimSpace(rest), "= ")
	if !ok {
		return fmt.Errorf("no result")
	}
	if result[0] == '?' { // it did not return, or is made again
		return nil
	}
	if err := c.result(result); err != nil {
		return err
	}
	p.calls = append(p.calls, c)
	return nil
}

// result reads "0", "3</etc/passwd>", "-1 ENOENT (No such file or directory)", "0x1 (flags ...)".
func (c *Call) result(text string) error {
	number, rest, _ := strings.Cut(text, " ")
	if n, file, ok := strings.Cut(number, "<"); ok {
		_, file, _ = strings.Cut(text, "<")
		number, c.File = n, shown(file)
	}
	var err error
	if c.Result, err = strconv.ParseInt(number, 0, 64); err != nil {
		return err
	}
	if c.Result == -1 {
		name, _, _ := strings.Cut(rest, " ")
		c.Errno = record.ErrnoByName(name)
		if c.Errno == 0 {
			return fmt.Errorf("no errno")
		}
	}
	return nil
}

// shown reads what -y shows after "<": what is not plain is escaped, ">" too.
func shown(text string) string {
	text, _, _ = strings.Cut(text, ">")
	return unescape(text)
}

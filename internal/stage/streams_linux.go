package stage

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"syscall"
	"time"
)

// streams are the standard streams of a run. What is not a file is copied
// through a pipe, in the way and with the rules of os/exec.
type streams struct {
	files   [3]*os.File // the init's
	opened  []*os.File  // those of files that are not the caller's own
	ours    []*os.File  // the other ends of the pipes
	copying []func() error
	errs    chan error
}

func openStreams(stdin io.Reader, stdout, stderr io.Writer) (*streams, error) {
	s := &streams{errs: make(chan error, 3)}
	err := s.input(stdin)
	if err == nil {
		err = s.output(1, stdout)
	}
	switch {
	case err != nil:
	case stderr != nil && same(stdout, stderr):
		s.files[2] = s.files[1] // so that not two write to it at the same time
	default:
		err = s.output(2, stderr)
	}
	if err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// same tells whether two writers are one. Not all values can be compared.
func same(a, b io.Writer) bool {
	return a != nil && reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() && a == b
}

func (s *streams) input(r io.Reader) error {
	if f, ok := r.(*os.File); ok && f != nil {
		s.files[0] = f
		return nil
	}
	if r == nil {
		return s.null(0, os.O_RDONLY)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	s.files[0], s.opened, s.ours = theirs, append(s.opened, theirs), append(s.ours, ours)
	s.copying = append(s.copying, func() error {
		_, err := io.Copy(ours, r)
		if errors.Is(err, syscall.EPIPE) {
			err = nil // the command need not read all of it
		}
		return errors.Join(err, ours.Close())
	})
	return nil
}

func (s *streams) output(number int, w io.Writer) error {
	if f, ok := w.(*os.File); ok && f != nil {
		s.files[number] = f
		return nil
	}
	if w == nil {
		return s.null(number, os.O_WRONLY)
	}
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	s.files[number], s.opened, s.ours = theirs, append(s.opened, theirs), append(s.ours, ours)
	s.copying = append(s.copying, func() error {
		_, err := io.Copy(w, ours)
		return errors.Join(err, ours.Close()) // a writer gets EPIPE from now on
	})
	return nil
}

func (s *streams) null(number, flags int) error {
	f, err := os.OpenFile(os.DevNull, flags, 0)
	s.files[number] = f
	if err == nil {
		s.opened = append(s.opened, f)
	}
	return err
}

func (s *streams) descriptors() []uintptr {
	fds := make([]uintptr, 3)
	for i, f := range s.files {
		fds[i] = f.Fd()
	}
	return fds
}

// copy starts the copying, once the init has its ends.
func (s *streams) copy() {
	closeAll(s.opened)
	for _, c := range s.copying {
		go func() { s.errs <- c() }()
	}
}

// copies tells whether anything is copied.
func (s *streams) copies() bool { return len(s.copying) > 0 }

// wait waits until all is copied, for a delay above zero no longer than that
// (see exec.Cmd's WaitDelay), and returns the first error.
func (s *streams) wait(delay time.Duration) error {
	var late <-chan time.Time
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		late = timer.C
	}
	var first error
	for range s.copying {
		select {
		case err := <-s.errs:
			if first == nil {
				first = err
			}
		case <-late:
			closeAll(s.ours)
			return exec.ErrWaitDelay
		}
	}
	return first
}

// abandon closes everything of a run that was not started.
func (s *streams) abandon() {
	closeAll(s.opened)
	closeAll(s.ours)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

package executor

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// streams are the command's standard input, output and error, and what copies
// between them and what the Spec says.
type streams struct {
	child   [3]*os.File // what the command gets as descriptors 0, 1 and 2
	opened  []*os.File  // of these, ours to close once the command has them
	ours    []*os.File  // our ends of pipes
	copies  []func() error
	done    chan error // one value for each of copies
	out     *bytes.Buffer
	err     *bytes.Buffer
	running int
}

// openStreams opens what the Spec says. On error nothing stays open.
func openStreams(s *Spec) (*streams, error) {
	st := &streams{}
	err := st.open(s)
	if err != nil {
		st.closeChild()
		st.closeOurs()
		return nil, err
	}
	return st, nil
}

func (st *streams) open(s *Spec) (err error) {
	if st.child[0], err = st.input(s.Stdin); err != nil {
		return err
	}
	if s.Stdout == nil {
		st.out = &bytes.Buffer{}
	}
	if st.child[1], err = st.output(s.Stdout, st.out); err != nil {
		return err
	}
	if _, merged := s.Stderr.(Merged); merged {
		st.child[2] = st.child[1]
		return nil
	}
	if s.Stderr == nil {
		st.err = &bytes.Buffer{}
	}
	st.child[2], err = st.output(s.Stderr, st.err)
	return err
}

func (st *streams) input(from io.Reader) (*os.File, error) {
	if from == nil {
		return st.null(os.O_RDONLY)
	}
	if f, ok := from.(*os.File); ok {
		return f, nil
	}
	r, w, err := st.pipe(0)
	if err != nil {
		return nil, err
	}
	st.copies = append(st.copies, func() error {
		_, err := io.Copy(w, from)
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, fs.ErrClosed) {
			err = nil // the command does not read it all
		}
		return errors.Join(err, w.Close())
	})
	return r, nil
}

func (st *streams) output(to io.Writer, capture *bytes.Buffer) (*os.File, error) {
	if capture != nil {
		to = capture
	}
	if to == io.Discard {
		return st.null(os.O_WRONLY)
	}
	if f, ok := to.(*os.File); ok {
		return f, nil
	}
	r, w, err := st.pipe(1)
	if err != nil {
		return nil, err
	}
	st.copies = append(st.copies, func() error {
		_, err := io.Copy(to, r)
		if errors.Is(err, fs.ErrClosed) {
			err = nil // ended with the run
		}
		r.Close()
		return err
	})
	return w, nil
}

// pipe makes a pipe of which the command gets the end with that number: 0 is
// for reading, 1 for writing.
func (st *streams) pipe(child int) (r, w *os.File, err error) {
	if r, w, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	ends := [2]*os.File{r, w}
	st.opened = append(st.opened, ends[child])
	st.ours = append(st.ours, ends[1-child])
	return r, w, nil
}

func (st *streams) null(flag int) (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		st.opened = append(st.opened, f)
	}
	return f, err
}

// start starts the copying, once the command has its ends.
func (st *streams) start() {
	st.closeChild()
	st.running = len(st.copies)
	st.done = make(chan error, st.running)
	for _, c := range st.copies {
		go func() { st.done <- c() }()
	}
}

// wait waits until everything is copied. What the command left running may
// hold the pipes: when giveUp is closed, they are closed on our side.
func (st *streams) wait(giveUp <-chan struct{}) (err error) {
	for range st.running {
		select {
		case e := <-st.done:
			err = errors.Join(err, e)
			continue
		case <-giveUp:
		}
		st.closeOurs()
		giveUp = nil
		err = errors.Join(err, <-st.done)
	}
	return err
}

func (st *streams) closeChild() { closeAll(&st.opened) }
func (st *streams) closeOurs()  { closeAll(&st.ours) }

func closeAll(files *[]*os.File) {
	for _, f := range *files {
		f.Close()
	}
	*files = nil
}

// captured is what was captured from b, not nil if b is not.
func captured(b *bytes.Buffer) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b.Bytes()...)
}

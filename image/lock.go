package image

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A lock is flock(2) on a file of its own: it holds between processes, and
// within one, as each open file has its own; the kernel lets go of it when the
// process ends, however it ends.

// Polling, as a flock that waits can't be interrupted by a context.
const (
	pollFirst = 5 * time.Millisecond
	pollMost  = 100 * time.Millisecond
)

// lockFile takes the lock, exclusive or shared, when it can be had.
func lockFile(ctx context.Context, path string, how int) (*os.File, error) {
	for wait := pollFirst; ; wait = min(2*wait, pollMost) {
		f, err := tryLock(path, how)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// tryLock takes the lock or returns EWOULDBLOCK.
func tryLock(path string, how int) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := flock(f, how|unix.LOCK_NB); err != nil {
			f.Close()
			return nil, err
		}
		if current(f, path) {
			return f, nil
		}
		f.Close() // prune removed the file in between: the lock is on nothing
	}
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if err != unix.EINTR {
			return wrapLock(f, err)
		}
	}
}

func wrapLock(f *os.File, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
}

func current(f *os.File, path string) bool {
	have, err := f.Stat()
	if err != nil {
		return false
	}
	want, err := os.Lstat(path)
	return err == nil && os.SameFile(have, want)
}

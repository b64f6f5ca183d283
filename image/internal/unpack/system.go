package unpack

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func wrap(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: name, Err: err}
}

func timespecs(atime, mtime time.Time) ([]unix.Timespec, error) {
	a, err := unix.TimeToTimespec(atime)
	if err != nil {
		return nil, err
	}
	m, err := unix.TimeToTimespec(mtime)
	return []unix.Timespec{a, m}, err
}

package overlay

import (
	"errors"
	"io"
	"os"
)

// writeFile writes a file beside the one of that name and moves it there: who
// reads it has the old or the new one. It does not wait for the disk: on ext4
// that would wait for all that was copied just before.
func writeFile(dir *os.Root, name string, write func(io.Writer) error) error {
	tmp := "." + name + ".new"
	f, err := dir.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, dir.Remove(tmp))
	}
	return dir.Rename(tmp, name)
}

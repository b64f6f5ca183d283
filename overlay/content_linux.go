package overlay

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
)

// chunk is how much of two files is compared at a time.
const chunk = 128 << 10

// sameContent compares two regular files. One that may not be read was not
// read by the command either: the other is not a copy of it.
func sameContent(a *tree, b *tree, path string) (bool, error) {
	f, err := a.open(path)
	if err != nil {
		return false, unreadable(err)
	}
	defer f.Close()
	g, err := b.open(path)
	if err != nil {
		return false, unreadable(err)
	}
	defer g.Close()
	return sameBytes(f, g)
}

func unreadable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func sameBytes(f, g io.Reader) (bool, error) {
	x, y := make([]byte, chunk), make([]byte, chunk)
	for {
		n, err1 := io.ReadFull(f, x)
		m, err2 := io.ReadFull(g, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if atEnd(err1) && atEnd(err2) {
			return true, nil
		}
		if err := errors.Join(err1, err2); err != nil {
			return false, err
		}
	}
}

func atEnd(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }

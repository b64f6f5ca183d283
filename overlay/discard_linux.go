package overlay

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// parts are what an overlay has in its directory, in the order in which they
// are removed: as long as there is something, it is an overlay.
var parts = []string{upperName, workName, baseName, fakerootName, fakerootName + ".lock", undoName, lockName,
	"." + baseName + ".new", "." + undoName + ".new", "." + infoName + ".new", infoName}

// Discard removes the overlay in a directory as [Overlay.Discard] does, also if
// what it lies over is gone.
func Discard(dir string) error {
	o, err := Open(dir)
	if errors.Is(err, errNoRoot) {
		return discardAlone(dir)
	}
	if err != nil {
		return err
	}
	defer o.Close()
	return o.Discard()
}

func discardAlone(dir string) error {
	files, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	o := &Overlay{dir: dir, files: files}
	defer o.Close()
	return o.Discard()
}

// Discard removes the overlay and its directory. Ended before its end, it can be
// called again. A file in the directory that is not the overlay's stays, and is
// an error.
func (o *Overlay) Discard() error {
	lock, err := o.Lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	dir, err := os.Open(o.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	for _, name := range parts {
		if err := removeTree(int(dir.Fd()), name); err != nil {
			return (&tree{root: dir}).wrap(name, err)
		}
	}
	err = os.Remove(o.dir)
	if errors.Is(err, unix.ENOTEMPTY) {
		err = fmt.Errorf("%s: the overlay is discarded; the directory has other files in it, which stay", record.Quote(o.dir))
	}
	return err
}

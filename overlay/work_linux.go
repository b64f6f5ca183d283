package overlay

import (
	"path/filepath"
	"strconv"
	"sync"
)

// works are the directories for overlayfs' workdir.
type works struct {
	last    int             // number given out
	left    map[string]bool // numbers of earlier runs; nil: not known yet
	removal sync.WaitGroup  // of those
}

// Work makes and returns a directory for overlayfs' workdir. Each is new, as that of a
// mount that was volatile holds a mark that keeps the next one away; those of earlier
// runs are removed meanwhile, until Close. The caller holds the lock.
func (o *Overlay) Work() (string, error) {
	if o.works.left == nil {
		if err := o.removeWorks(); err != nil {
			return "", err
		}
	}
	for o.works.last++; o.works.left[strconv.Itoa(o.works.last)]; o.works.last++ {
	}
	name := filepath.Join(workName, strconv.Itoa(o.works.last))
	return filepath.Join(o.dir, name), o.files.Mkdir(name, 0o700)
}

// removeWorks begins to remove the directories that are there, some ten calls for each,
// for which the run need not wait. What cannot be removed stays.
func (o *Overlay) removeWorks() error {
	dir, err := o.files.Open(workName)
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	if err != nil {
		dir.Close()
		return err
	}
	o.works.left = map[string]bool{}
	for _, name := range names {
		if _, err := strconv.Atoi(name); err == nil {
			o.works.left[name] = true
		}
	}
	o.works.removal.Go(func() {
		defer dir.Close()
		for name := range o.works.left {
			_ = removeTree(int(dir.Fd()), name)
		}
	})
	return nil
}

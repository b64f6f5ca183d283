package overlay

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncRoot waits until what was done in the root is on disk: the overlay loses its
// own then. One syncfs(2) for each file system waits once, fsync(2) would for each file; it
// tells of errors in writing too (since Linux 5.8).
func (o *Overlay) syncRoot(ops []*operation) error {
	synced := map[uint64]bool{}
	for _, op := range ops {
		path := parent(string(op.Path))
		dir, err := o.root().dir(path)
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Fstat(int(dir.Fd()), &st); err != nil {
			return o.root().wrap(path, named("stat", err))
		}
		if synced[st.Dev] {
			continue
		}
		synced[st.Dev] = true
		if err := syncfs(dir); err != nil {
			return o.root().wrap(path, named("syncfs", err))
		}
	}
	return nil
}

// syncfs syncs the file system of a directory, or all of them if it cannot be opened: by
// name alone (O_PATH) there is no syncfs(2).
func syncfs(dir *os.File) error {
	fd, err := unix.Openat(int(dir.Fd()), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Sync()
		return nil
	}
	defer unix.Close(fd)
	return unix.Syncfs(fd)
}

// syncName waits until a file and its name are on disk.
func syncName(dir *os.Root, name string) error {
	return errors.Join(syncFile(dir, name), syncFile(dir, "."))
}

func syncFile(dir *os.Root, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// startWriting has the kernel begin to write a big file, so that less is left for the
// end (sync_file_range(2)). It is no promise, so an error means nothing.
func startWriting(fd int, size int64) {
	if size >= 1<<20 {
		_ = unix.SyncFileRange(fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE)
	}
}

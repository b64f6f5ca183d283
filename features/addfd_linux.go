package features

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

func probeAddFD() error {
	source, err := memfd()
	if err != nil {
		return err
	}
	defer unix.Close(source)
	added := -1
	_, err = oneCall(func(t *target, id uint64) (err error) {
		added, err = sys.NotifyAddFD(t.listener, id, source, -1, true, false)
		return verdict("add", err)
	})
	if err != nil {
		return err
	}
	return closeCopy(added, source)
}

func probeAddFDSend() error {
	source, err := memfd()
	if err != nil {
		return err
	}
	defer unix.Close(source)
	got, err := oneCall(func(t *target, id uint64) error {
		_, err := sys.NotifyAddFD(t.listener, id, source, -1, true, true)
		return verdict("add and send", err)
	})
	if err != nil {
		return err
	}
	if got.errno != 0 {
		return noEffect("add and send", got.errno)
	}
	return closeCopy(int(got.value), source)
}

func memfd() (int, error) {
	fd, err := unix.MemfdCreate(probeName, unix.MFD_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	return fd, nil
}

// closeCopy closes a descriptor after it has made sure that it is a copy of source, and so ours to close.
func closeCopy(fd, source int) error {
	var a, b unix.Stat_t
	if err := unix.Fstat(source, &b); err != nil {
		return fmt.Errorf("fstat: %w", err)
	}
	if err := unix.Fstat(fd, &a); err != nil || fd == source || a.Dev != b.Dev || a.Ino != b.Ino {
		return noEffect("add", err)
	}
	return unix.Close(fd)
}

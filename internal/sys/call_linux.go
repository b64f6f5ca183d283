package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// named returns errno as an error that names the call, nil for 0.
func named(call string, errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return os.NewSyscallError(call, errno)
}

func wrap(call string, err error) error {
	return os.NewSyscallError(call, err)
}

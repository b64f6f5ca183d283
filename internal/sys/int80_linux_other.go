//go:build linux && !amd64

package sys

import "golang.org/x/sys/unix"

// Getdents386 is for amd64, where 32-bit programs are run.
func Getdents386(int, []byte) (int, error) { return 0, unix.ENOSYS }

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// int80 makes a 32-bit system call and returns what it returns. Its pointers
// have 32 bits.
func int80(nr, a, b, c uintptr) int32

const getdents64of386 = 220 // arch/x86/entry/syscalls/syscall_32.tbl

// Getdents386 is getdents64(2) as a 32-bit program makes it. The error is the
// bare errno.
func Getdents386(fd int, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, unix.EINVAL
	}
	low, err := unix.Mmap(-1, 0, len(buf), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_32BIT)
	if err != nil {
		return 0, err
	}
	defer unix.Munmap(low)
	n := int80(getdents64of386, uintptr(fd), uintptr(unsafe.Pointer(&low[0])), uintptr(len(low)))
	if n < 0 {
		return 0, unix.Errno(-n)
	}
	return copy(buf, low[:n]), nil
}

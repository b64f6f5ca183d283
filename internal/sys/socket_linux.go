package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Addresses are the bytes that a program gave: golang.org/x/sys would make
// them anew from a decoded form, and with that change the kernel's answer.

// Connect is connect(2) with a raw address.
func Connect(fd int, addr []byte) error { return withAddress(unix.SYS_CONNECT, fd, addr) }

// Bind is bind(2) with a raw address.
func Bind(fd int, addr []byte) error { return withAddress(unix.SYS_BIND, fd, addr) }

func withAddress(nr uintptr, fd int, addr []byte) error {
	_, _, errno := unix.Syscall(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(addr))), uintptr(len(addr)))
	if errno != 0 {
		return errno
	}
	return nil
}

// SendMessage is sendmsg(2) with a raw address and one piece of data. A nil
// name or control is none.
func SendMessage(fd int, name, data, control []byte, flags int) (int, error) {
	iov := unix.Iovec{Base: unsafe.SliceData(data), Len: uint64(len(data))}
	hdr := unix.Msghdr{Iov: &iov, Iovlen: 1}
	if len(name) > 0 {
		hdr.Name, hdr.Namelen = &name[0], uint32(len(name))
	}
	if len(control) > 0 {
		hdr.Control, hdr.Controllen = &control[0], uint64(len(control))
	}
	n, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&hdr)), uintptr(flags))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// IoctlBuffer makes an ioctl whose argument points to buf.
func IoctlBuffer(fd int, request uint, buf []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(unsafe.Pointer(unsafe.SliceData(buf))))
	if errno != 0 {
		return errno
	}
	return nil
}

// FileSetattr is file_setattr(2) (Linux 6.17). An absolute path needs no directory.
func FileSetattr(path string, attr []byte) error {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(unix.SYS_FILE_SETATTR, ^uintptr(0), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(unsafe.SliceData(attr))), uintptr(len(attr)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// SetGroups sets the calling thread's supplementary groups, not the process's.
func SetGroups(groups []uint32) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

package target

import (
	"bytes"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// Thread is a thread by its id in the caller's pid namespace.
type Thread int

const pageSize = 4096 // the smallest of any architecture; a larger one only costs a second read

// ReadString reads a string that ends with NUL of less than limit bytes,
// NUL included. EFAULT: some of it cannot be read. ENAMETOOLONG: no NUL within the limit.
func (t Thread) ReadString(addr uint64, limit int) (string, unix.Errno) {
	var chunk [256]byte
	var long []byte
	for size := 0; size < limit; {
		// Never past the end of a page: the string may end there, and nothing follow.
		n := min(len(chunk), limit-size, int(pageSize-addr%pageSize))
		got, err := sys.ReadMemory(int(t), addr, chunk[:n])
		if err != nil || got == 0 {
			return "", memoryErrno(err)
		}
		if end := bytes.IndexByte(chunk[:got], 0); end >= 0 {
			if long == nil {
				return string(chunk[:end]), 0
			}
			return string(append(long, chunk[:end]...)), 0
		}
		long = append(long, chunk[:got]...)
		size += got
		addr += uint64(got)
	}
	return "", unix.ENAMETOOLONG
}

// ReadPath reads a path as getname() of the kernel does.
func (t Thread) ReadPath(addr uint64) (string, unix.Errno) { return t.ReadString(addr, unix.PathMax) }

// Read fills buf from the thread's memory; EFAULT if not all of it can be read.
func (t Thread) Read(addr uint64, buf []byte) unix.Errno {
	for len(buf) > 0 {
		n, err := sys.ReadMemory(int(t), addr, buf)
		if err != nil || n == 0 {
			return memoryErrno(err)
		}
		buf, addr = buf[n:], addr+uint64(n)
	}
	return 0
}

// Write fills the thread's memory from buf; EFAULT if not all of it can be written.
func (t Thread) Write(addr uint64, buf []byte) unix.Errno {
	for len(buf) > 0 {
		n, err := sys.WriteMemory(int(t), addr, buf)
		if err != nil || n == 0 {
			return memoryErrno(err)
		}
		buf, addr = buf[n:], addr+uint64(n)
	}
	return 0
}

// memoryErrno keeps ESRCH apart, as the thread is gone and nobody waits for an
// answer. Everything else fails closed as a bad pointer.
func memoryErrno(err error) unix.Errno {
	if err == unix.ESRCH {
		return unix.ESRCH
	}
	return unix.EFAULT
}

//go:build linux

package main

import (
	"encoding/binary"
	"runtime"

	"golang.org/x/sys/unix"
)

// io_uring(7): a ring does calls that no filter sees. Either there is none
// (ENOSYS), or it says what the calls say.
var ringChecks = []check{{"ring-agrees", ringAgrees}}

// ring is one with a single entry. Offsets are those of struct io_uring_params.
type ring struct {
	fd            int
	params        *[120]byte
	rings, submit []byte
}

// Offsets of sq_off.array, sq_off.tail and cq_off.cqes in the parameters, and
// where to map what (linux/io_uring.h).
const (
	sqTail, sqArray, cqCqes = 44, 64, 100
	mapSubmit               = 0x10000000
	opStatx                 = 21
	enterGetevents          = 1
)

func newRing() (*ring, error) {
	r := &ring{params: new([120]byte)}
	var err error
	if r.fd, err = raw(unix.SYS_IO_URING_SETUP, 1, r.params); err != nil {
		return nil, err
	}
	r.rings, err = unix.Mmap(r.fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must("mmap", err)
	r.submit, err = unix.Mmap(r.fd, mapSubmit, 64, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must("mmap", err)
	return r, nil
}

func (r *ring) offset(at int) uint32 { return binary.NativeEndian.Uint32(r.params[at:]) }

// statx submits one entry, waits, and returns its result.
func (r *ring) statx(path string, stx *unix.Statx_t) int32 {
	p, err := unix.BytePtrFromString(path)
	must("path", err)
	cwd := unix.AT_FDCWD
	put := binary.NativeEndian
	r.submit[0] = opStatx
	put.PutUint32(r.submit[4:], uint32(cwd))
	put.PutUint64(r.submit[8:], uint64(address(stx)))
	put.PutUint64(r.submit[16:], uint64(address(p)))
	put.PutUint32(r.submit[24:], unix.STATX_BASIC_STATS)
	put.PutUint32(r.rings[r.offset(sqArray):], 0)
	put.PutUint32(r.rings[r.offset(sqTail):], 1)
	_, err = raw(unix.SYS_IO_URING_ENTER, r.fd, 1, 1, enterGetevents, 0, 0)
	must("io_uring_enter", err)
	runtime.KeepAlive(p)
	return int32(put.Uint32(r.rings[r.offset(cqCqes)+8:]))
}

func ringAgrees() {
	owned("f", 5, 6, 0o4711)
	r, err := newRing()
	if err == unix.ENOSYS {
		return
	}
	must("io_uring_setup", err)
	stx := new(unix.Statx_t)
	same("statx in a ring", r.statx("f", stx), 0)
	same("owner", showx(*stx), "5:6 104711")
}

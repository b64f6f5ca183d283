package supervisor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
)

func native32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
func native64(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

func utime(p *pinned) Answer {
	return done(unix.UtimesNanoAt(unix.AT_FDCWD, sys.FDPath(p.file()), p.input.times[:], 0))
}

// times reads the two times that the call sets, in whichever of the structures
// it has: utimbuf (seconds), timeval (microseconds) or timespec (nanoseconds).
func (p *pinned) times() ([2]unix.Timespec, unix.Errno) {
	now := unix.Timespec{Nsec: unix.UTIME_NOW}
	times := [2]unix.Timespec{now, now}
	addr := p.pointer(p.row.Arg(abi.Times))
	if addr == 0 {
		return times, 0
	}
	words, unit := 4, int64(1)
	switch p.name {
	case "utime":
		words, unit = 2, 0
	case "utimes", "futimesat":
		unit = 1000
	}
	values, errno := p.words(addr, words)
	if errno != 0 {
		return times, errno
	}
	for i := range times {
		if unit == 0 {
			times[i] = unix.Timespec{Sec: values[i]}
			continue
		}
		sec, part := values[2*i], values[2*i+1]
		if unit == 1000 && (part < 0 || part >= 1_000_000) {
			return times, unix.EINVAL
		}
		times[i] = unix.Timespec{Sec: sec, Nsec: part * unit}
	}
	return times, 0
}

// words reads n longs of the target: of 4 bytes in a 32-bit program, but for
// the calls that have 64-bit times everywhere.
func (p *pinned) words(addr uint64, n int) ([]int64, unix.Errno) {
	size := 8
	if p.arch == abi.I386 && p.name != "utimensat_time64" {
		size = 4
	}
	buf := make([]byte, n*size)
	if errno := p.thread.Read(addr, buf); errno != 0 {
		return nil, errno
	}
	values := make([]int64, n)
	for i := range values {
		if size == 4 {
			values[i] = int64(int32(native32(buf[4*i:])))
		} else {
			values[i] = int64(native64(buf[8*i:]))
		}
	}
	return values, 0
}

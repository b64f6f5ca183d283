package supervisor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

// statBuffer takes the fields of a struct stat one after the other.
type statBuffer struct {
	buf      []byte
	overflow bool
}

func (l *statBuffer) u64(v uint64) { l.buf = binary.NativeEndian.AppendUint64(l.buf, v) }
func (l *statBuffer) u32(v uint32) { l.buf = binary.NativeEndian.AppendUint32(l.buf, v) }

// low32 and low16 are fields that are too small for some values: EOVERFLOW (stat(2)).
func (l *statBuffer) low32(v uint64) {
	l.overflow = l.overflow || v > 1<<32-1
	l.u32(uint32(v))
}

func (l *statBuffer) low16(v uint64) {
	l.overflow = l.overflow || v > 1<<16-1
	l.buf = binary.NativeEndian.AppendUint16(l.buf, uint16(v))
}

// size32 is off_t of 32 bits.
func (l *statBuffer) size32(v uint64) {
	l.overflow = l.overflow || v > 1<<31-1
	l.u32(uint32(v))
}

func (l *statBuffer) id16(v uint32) {
	l.buf = binary.NativeEndian.AppendUint16(l.buf, uint16(shortID(v, true)))
}

func (l *statBuffer) times64(times ...unix.StatxTimestamp) {
	for _, t := range times {
		l.u64(uint64(t.Sec))
		l.u64(uint64(t.Nsec))
	}
}

func (l *statBuffer) times32(times ...unix.StatxTimestamp) {
	for _, t := range times {
		l.u32(uint32(t.Sec))
		l.u32(t.Nsec)
	}
}

func (l *statBuffer) zero(n int) { l.buf = append(l.buf, make([]byte, n)...) }

// encodeStatus lays a status out as the call of that name and architecture has
// it: the kernel's struct stat (arch/*/include/uapi/asm/stat.h). EOVERFLOW:
// something does not fit.
func encodeStatus(arch abi.Arch, name string, st *unix.Statx_t) ([]byte, unix.Errno) {
	l := statBuffer{buf: make([]byte, 0, 256)}
	switch {
	case name == "statx":
		l.statx(st)
	case arch == abi.I386 && (name == "oldstat" || name == "oldlstat" || name == "oldfstat"):
		l.old386(st)
	case arch == abi.I386 && (name == "stat" || name == "lstat" || name == "fstat"):
		l.stat386(st)
	case arch == abi.I386:
		l.stat64of386(st)
	case arch == abi.ARM64:
		l.statARM64(st)
	default:
		l.statAMD64(st)
	}
	if l.overflow {
		return nil, unix.EOVERFLOW
	}
	return l.buf, 0
}

func (l *statBuffer) statx(st *unix.Statx_t) {
	l.u32(st.Mask)
	l.u32(st.Blksize)
	l.u64(st.Attributes)
	l.u32(st.Nlink)
	l.u32(st.Uid)
	l.u32(st.Gid)
	l.u32(uint32(st.Mode)) // and two bytes that are not used
	l.u64(st.Ino)
	l.u64(st.Size)
	l.u64(st.Blocks)
	l.u64(st.Attributes_mask)
	for _, t := range []unix.StatxTimestamp{st.Atime, st.Btime, st.Ctime, st.Mtime} {
		l.u64(uint64(t.Sec))
		l.u32(t.Nsec)
		l.u32(0)
	}
	for _, v := range []uint32{st.Rdev_major, st.Rdev_minor, st.Dev_major, st.Dev_minor} {
		l.u32(v)
	}
	l.u64(st.Mnt_id)
	l.u32(st.Dio_mem_align)
	l.u32(st.Dio_offset_align)
	l.zero(256 - len(l.buf)) // what newer kernels have there is asked for by its own mask bits
}

func (l *statBuffer) statAMD64(st *unix.Statx_t) {
	l.u64(unix.Mkdev(st.Dev_major, st.Dev_minor))
	l.u64(st.Ino)
	l.u64(uint64(st.Nlink))
	l.u32(uint32(st.Mode))
	l.u32(st.Uid)
	l.u32(st.Gid)
	l.u32(0)
	l.u64(unix.Mkdev(st.Rdev_major, st.Rdev_minor))
	l.u64(st.Size)
	l.u64(uint64(st.Blksize))
	l.u64(st.Blocks)
	l.times64(st.Atime, st.Mtime, st.Ctime)
	l.zero(24)
}

func (l *statBuffer) statARM64(st *unix.Statx_t) {
	l.u64(unix.Mkdev(st.Dev_major, st.Dev_minor))
	l.u64(st.Ino)
	l.u32(uint32(st.Mode))
	l.u32(st.Nlink)
	l.u32(st.Uid)
	l.u32(st.Gid)
	l.u64(unix.Mkdev(st.Rdev_major, st.Rdev_minor))
	l.u64(0)
	l.u64(st.Size)
	l.u32(st.Blksize)
	l.u32(0)
	l.u64(st.Blocks)
	l.times64(st.Atime, st.Mtime, st.Ctime)
	l.zero(8)
}

func (l *statBuffer) stat64of386(st *unix.Statx_t) {
	l.u64(unix.Mkdev(st.Dev_major, st.Dev_minor))
	l.u32(0)
	l.u32(uint32(st.Ino)) // cut; the whole number comes last
	l.u32(uint32(st.Mode))
	l.u32(st.Nlink)
	l.u32(st.Uid)
	l.u32(st.Gid)
	l.u64(unix.Mkdev(st.Rdev_major, st.Rdev_minor))
	l.u32(0)
	l.u64(st.Size)
	l.u32(st.Blksize)
	l.u64(st.Blocks)
	l.times32(st.Atime, st.Mtime, st.Ctime)
	l.u64(st.Ino)
}

func (l *statBuffer) stat386(st *unix.Statx_t) {
	l.low32(unix.Mkdev(st.Dev_major, st.Dev_minor))
	l.low32(st.Ino)
	l.low16(uint64(st.Mode))
	l.low16(uint64(st.Nlink))
	l.id16(st.Uid)
	l.id16(st.Gid)
	l.low32(unix.Mkdev(st.Rdev_major, st.Rdev_minor))
	l.size32(st.Size)
	l.u32(st.Blksize)
	l.u32(uint32(st.Blocks))
	l.times32(st.Atime, st.Mtime, st.Ctime)
	l.zero(8)
}

func (l *statBuffer) old386(st *unix.Statx_t) {
	l.low16(unix.Mkdev(st.Dev_major, st.Dev_minor))
	l.low16(st.Ino)
	l.low16(uint64(st.Mode))
	l.low16(uint64(st.Nlink))
	l.id16(st.Uid)
	l.id16(st.Gid)
	l.low16(unix.Mkdev(st.Rdev_major, st.Rdev_minor))
	l.zero(2)
	l.size32(st.Size)
	l.u32(uint32(st.Atime.Sec))
	l.u32(uint32(st.Mtime.Sec))
	l.u32(uint32(st.Ctime.Sec))
}

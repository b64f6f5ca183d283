package conform

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

const map32bit = 0x40 // MAP_32BIT, which only amd64 has

// low is memory that a 32-bit call can reach.
var low = sync.OnceValue(func() []byte {
	b, err := unix.Mmap(-1, 0, 1<<16, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|map32bit)
	must(err)
	return b
})

// short makes a 32-bit call. Strings and buffers go into low memory.
func (r *recorder) short(name string, args ...any) (int, []byte) {
	nr, ok := abi.Number(abi.I386, name)
	if !ok {
		panic("no 32-bit call " + name)
	}
	mem := low()
	clear(mem)
	var regs [5]uintptr
	var out []byte
	at := 0
	for i, a := range args {
		data := []byte(nil)
		switch v := a.(type) {
		case int:
			regs[i] = uintptr(uint32(v))
			continue
		case number:
			regs[i] = uintptr(uint32(v.value))
			continue
		case nil:
			continue
		case string:
			data = append([]byte(v), 0)
		case shown:
			data = v.data
			out = mem[at : at+len(data)]
		}
		regs[i] = uintptr(unsafe.Pointer(&mem[at]))
		copy(mem[at:], data)
		at += len(data)
	}
	value := int80(uintptr(nr), regs[0], regs[1], regs[2], regs[3], regs[4])
	got := strconv.Itoa(value)
	if value < 0 && value > -4096 {
		got = errnoText(unix.Errno(-value))
	}
	r.plain("386 "+text(name, args...), got)
	return value, slices.Clone(out)
}

// shortStat prints the ids, modes and devices of the 32-bit layouts.
func (r *recorder) shortStat(name string, args ...any) {
	value, b := r.short(name, args...)
	if value != 0 {
		return
	}
	u16 := func(at int) uint16 { return binary.NativeEndian.Uint16(b[at:]) }
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
	switch {
	case strings.HasPrefix(name, "old"):
		r.plain("layout", fmt.Sprintf("%o nlink %d %d:%d rdev %x size %d", u16(4), u16(6), u16(8), u16(10), u16(12), u32(16)))
	case strings.HasSuffix(name, "64"):
		r.plain("layout", fmt.Sprintf("%o nlink %d %d:%d rdev %x size %d, inode twice %v", u32(16), u32(20), u32(24), u32(28), binary.NativeEndian.Uint64(b[32:]),
			u32(44)*b2(u32(16)&unix.S_IFMT != unix.S_IFDIR), u32(12) == u32(88)))
	default:
		r.plain("layout", fmt.Sprintf("%o nlink %d %d:%d rdev %x size %d", u16(8), u16(10), u16(12), u16(14), u32(16), u32(20)*b2(u16(8)&unix.S_IFMT != unix.S_IFDIR)))
	}
}

func b2(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// shortProgram makes the calls of 32-bit programs.
func shortProgram(r *recorder) {
	if _, errno := invoke("getpid"); errno != 0 || int80(20, 0, 0, 0, 0, 0) < 0 {
		r.plain("32-bit calls", "none")
		return
	}
	r.world()
	for _, path := range []string{"file", "dir", "link", "dangling", "block", "char", "dir/inner", "other", "missing", "file/"} {
		for _, name := range []string{"stat", "lstat", "stat64", "lstat64"} {
			r.shortStat(name, path, buffer(96))
		}
		value, _ := r.short("oldstat", path, buffer(96)) // EOVERFLOW where inode numbers are large
		_ = value
		r.shortStat("fstatat64", here, path, buffer(96), unix.AT_SYMLINK_NOFOLLOW)
		r.short("access", path, unix.W_OK)
		r.short("getxattr", path, "trusted.a", buffer(64), 64)
		r.short("lgetxattr", path, "trusted.a", nil, 0)
	}
	for _, ids := range [][2]int{{5, 6}, {0xffff, 7}, {8, 0xffff}, {-1, 9}, {70000, 70001}, {0x1ffff, 0x2ffff}, {65534, 65534}} {
		for _, name := range []string{"chown", "lchown", "chown32", "lchown32"} {
			r.short(name, "file", ids[0], ids[1])
			r.status("stat", "file")
			r.shortStat("stat", "file", buffer(96))
		}
		fd, err := unix.Open("file", unix.O_RDONLY, 0)
		must(err)
		for _, name := range []string{"fchown", "fchown32"} {
			r.short(name, number{"fd", fd}, ids[0], ids[1])
			r.status("stat", "file")
			r.shortStat("fstat64", number{"fd", fd}, buffer(96))
			r.shortStat("fstat", number{"fd", fd}, buffer(96))
		}
		unix.Close(fd)
		r.short("fchownat", here, "file", ids[0], ids[1], 0)
		r.status("stat", "file")
	}
	for _, c := range []call{
		{"chmod", []any{"file", 0o4711}}, {"fchmodat", []any{here, "file", 0o2710}}, {"mknod", []any{"b2", unix.S_IFBLK | 0o600, 0x801}}, {"mkdir", []any{"d2", 0}},
		{"mknodat", []any{here, "c2", unix.S_IFCHR | 0o600, -1}}, {"symlink", []any{"x", "s2"}}, {"link", []any{"b2", "b3"}}, {"rename", []any{"b2", "b4"}},
		{"setxattr", []any{"file", "trusted.z", shown{"value", []byte("v")}, 1, 0}}, {"truncate64", []any{"file", 3, 0}}, {"unlink", []any{"c2"}}, {"open", []any{"n2", unix.O_CREAT, 0o6711}},
	} {
		r.short(c.name, c.args...)
	}
	r.clean = []string{}
	r.note("afterwards", "")
	r.clean = nil
	for _, name := range []string{"getuid", "geteuid", "getgid", "getegid", "getuid32", "geteuid32", "getgid32", "getegid32"} {
		r.short(name)
	}
	r.short("getgroups", 0, nil)
	_, groups := r.short("getgroups32", 16, buffer(64))
	r.plain("groups", fmt.Sprintf("%x", groups[:4]))
	for _, name := range []string{"stat", "stat64", "chown", "getxattr"} {
		r.short(name, 8, buffer(96))
		r.short(name, -1, buffer(96))
	}
}

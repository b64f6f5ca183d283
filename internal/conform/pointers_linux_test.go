package conform

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// badPointers are addresses from which no path can be read, and, last, some at
// the edge from which one can.
func badPointers() []address {
	page := unix.Getpagesize()
	m, err := unix.Mmap(-1, 0, 4*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	must(err)
	base := uintptr(unsafe.Pointer(&m[0]))
	copy(m[page-8:], "abcdefgh")                     // no NUL before the next page, which cannot be read
	copy(m[3*page:], strings.Repeat("a/", page/2-1)) // more than a path's length, to the end of what is mapped
	must(unix.Mprotect(m[page:2*page], unix.PROT_NONE))
	copy(m[2*page:], "file\x00")
	copy(m[3*page-5:3*page], "file\x00")
	return []address{
		{"NULL", 0}, {"1", 1}, {"page 1", uintptr(page)}, {"PROT_NONE", base + uintptr(page)},
		{"string into PROT_NONE", base + uintptr(page) - 8}, {"last byte", base + uintptr(page) - 1},
		{"kernel half", 0xffff_8000_0000_0000}, {"last address", ^uintptr(0)}, {"not canonical", 0x8000_0000_0000_0000},
		{"non canonical hole", 0x0000_8000_0000_0000},
		{"after PROT_NONE", base + uintptr(2*page)}, {"before the edge", base + uintptr(3*page) - 5},
	}
}

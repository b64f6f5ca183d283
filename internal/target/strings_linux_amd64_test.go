package target

import (
	"encoding/binary"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// vector is memory with an array of pointers and the strings that they point to, which
// can be told apart from it in a 32-bit address space.
type vector struct {
	mem  []byte
	addr uint64
}

// newVector maps pages below 4 GiB, where amd64 can be asked for them, and one behind them that is not
// there, as the file ends before it.
func newVector(t *testing.T, pages int) *vector {
	t.Helper()
	size := os.Getpagesize()
	fd, err := unix.MemfdCreate("vector", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, int64(pages*size)); err != nil {
		t.Fatal(err)
	}
	mem, err := unix.Mmap(fd, 0, (pages+1)*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_32BIT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(mem) })
	return &vector{mem[:pages*size], uint64(reflect.ValueOf(mem).Pointer())}
}

// put writes the array at one place and the strings, one behind the other, at another.
func (v *vector) put(array, text, word int, all []string) {
	for _, s := range all {
		v.pointer(array, word, v.addr+uint64(text))
		text += copy(v.mem[text:], s+"\x00")
		array += word
	}
	v.pointer(array, word, 0)
}

func (v *vector) pointer(at, word int, addr uint64) {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], addr)
	copy(v.mem[at:at+word], raw[:])
}

func TestReadStrings(t *testing.T) {
	page := os.Getpagesize()
	long := strings.Repeat("long", 3*page/4)
	for _, test := range []struct {
		name        string
		array, text int
		all         []string
	}{
		{"none", 0, page, nil},
		{"some", 0, page, []string{"sh", "-c", "true"}},
		{"empty ones", 0, page, []string{"", "", "x", ""}},
		{"any bytes", 0, page, []string{"\xff\n\x01", "ä"}},
		{"the array is across pages", page - 12, 2 * page, []string{"a", "b", "c", "d"}},
		{"a pointer is across pages", page - 2, 2 * page, []string{"a", "b"}},
		{"a string is across pages", 0, 2*page - 3, []string{"abcdef", "g"}},
		{"a long string", 0, page - 7, []string{"a", long, "b"}},
		{"up to the end of what can be read", 0, 8*page - 6, []string{"ab", "cd"}},
		{"many", 0, 4 * page, slices.Repeat([]string{"abc"}, 1500)},
	} {
		for _, word := range []int{4, 8} {
			v := newVector(t, 8)
			v.put(test.array, test.text, word, test.all)
			got, errno := Thread(os.Getpid()).ReadStrings(v.addr+uint64(test.array), word)
			if errno != 0 || !slices.Equal(got, test.all) {
				t.Errorf("%s, %d bytes: %.100q, %v", test.name, word, got, errno)
			}
		}
	}
}

// Strings that are spread over more pages than are kept are read all the same.
func TestReadStringsOfManyPages(t *testing.T) {
	page, count := os.Getpagesize(), 3*kept/pageSize
	v := newVector(t, 1+count)
	var want []string
	for i := range count {
		at := page * (1 + i)
		want = append(want, strings.Repeat("x", i))
		copy(v.mem[at:], want[i]+"\x00")
		v.pointer(8*i, 8, v.addr+uint64(at))
	}
	v.pointer(8*count, 8, 0)
	if got, errno := Thread(os.Getpid()).ReadStrings(v.addr, 8); errno != 0 || !slices.Equal(got, want) {
		t.Errorf("%d strings, %v", len(got), errno)
	}
}

func TestReadStringsWithoutAnArray(t *testing.T) {
	if got, errno := Thread(os.Getpid()).ReadStrings(0, 8); errno != 0 || got != nil {
		t.Errorf("%q, %v", got, errno)
	}
}

func TestReadStringsFails(t *testing.T) {
	self, page := Thread(os.Getpid()), os.Getpagesize()
	for _, test := range []struct {
		name string
		put  func(v *vector) (array int)
		want unix.Errno
	}{
		{"a string cannot be read", func(v *vector) int { v.pointer(0, 8, 8); v.pointer(8, 8, 0); return 0 }, unix.EFAULT},
		{"a string has no end", func(v *vector) int {
			for i := range v.mem[page:] {
				v.mem[page+i] = 'x'
			}
			v.pointer(0, 8, v.addr+uint64(page))
			return 0
		}, unix.EFAULT},
		{"the array has no end", func(v *vector) int {
			v.mem[0] = 0
			for at := page; at < len(v.mem); at += 8 {
				v.pointer(at, 8, v.addr)
			}
			return page
		}, unix.EFAULT},
		{"the array is not there", func(v *vector) int { return len(v.mem) }, unix.EFAULT},
		{"there is too much", func(v *vector) int {
			size := len(v.mem) / 2
			for i := range size {
				v.mem[i] = 'x'
			}
			v.mem[size-1] = 0
			for i := range 2 * maxArguments / size {
				v.pointer(size+8*i, 8, v.addr)
			}
			return size
		}, unix.E2BIG},
	} {
		v := newVector(t, 4)
		if test.want == unix.E2BIG {
			v = newVector(t, 64)
		}
		if got, errno := self.ReadStrings(v.addr+uint64(test.put(v)), 8); errno != test.want {
			t.Errorf("%s: %d strings, %v", test.name, len(got), errno)
		}
	}
}

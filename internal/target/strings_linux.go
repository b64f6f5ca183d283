package target

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// maxArguments bounds what ReadStrings reads: what execve(2) takes at most
// (three quarters of 8 MiB of stack, _STK_LIM of the kernel).
const maxArguments = 6 << 20

// ReadStrings reads an array of pointers to strings that ends with NULL, as
// execve(2) takes it; word is the size of a pointer. A NULL array is an empty one. What the
// thread has and may not read itself (PROT_NONE) is read as well.
func (t Thread) ReadStrings(addr uint64, word int) ([]string, unix.Errno) {
	if addr == 0 {
		return nil, 0
	}
	m := memories.Get().(*memory)
	defer m.release()
	m.thread, m.file = t, t.openMemory()
	return m.strings(addr, word)
}

// openMemory opens proc_pid_mem(5), or returns a negative number. What is read by process_vm_readv(2)
// is pinned, and a page that a process shares with its parent since a fork is copied for that
// (FAULT_FLAG_UNSHARE, Linux 5.19): a program is executed by a child that has just been forked, and all
// of its environment would be. What is read from the file is not pinned.
func (t Thread) openMemory() int {
	fd, err := unix.Open("/proc/"+strconv.Itoa(int(t))+"/mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// memories are used again: every program that a run executes is read into one.
var memories = sync.Pool{New: func() any { return &memory{room: make([]byte, kept)} }}

// memory reads a thread's memory by pages, each once: arguments lie close to
// each other.
type memory struct {
	thread Thread
	file   int // its memory, or negative
	size   int
	spans  []span // what was read, the latest at the end
	room   []byte // holds them
	used   int    // of room
}

// span is memory that was read, from the beginning of a page on.
type span struct {
	addr uint64
	data []byte
}

const (
	// kept is how many bytes are kept. Most arguments and environments are on a dozen pages; a program
	// that spreads them over more has some read again, and costs no more memory.
	kept = 32 * pageSize
)

func (m *memory) release() {
	if m.file >= 0 {
		unix.Close(m.file)
	}
	*m = memory{spans: m.spans[:0], room: m.room}
	memories.Put(m)
}

func (m *memory) strings(addr uint64, word int) ([]string, unix.Errno) {
	var all []string
	for ; m.size < maxArguments; addr += uint64(word) {
		pointer, errno := m.pointer(addr, word)
		if errno != 0 {
			return nil, errno
		}
		if pointer == 0 {
			return all, 0
		}
		s, errno := m.text(pointer)
		if errno != 0 {
			return nil, errno
		}
		all = append(all, s)
		m.size += len(s) + 1 + word
	}
	return nil, unix.E2BIG
}

// at returns what is readable from addr to the end of what was read with it, which is not nothing.
func (m *memory) at(addr uint64) ([]byte, unix.Errno) {
	for i := len(m.spans) - 1; i >= 0; i-- {
		if s := &m.spans[i]; addr-s.addr < uint64(len(s.data)) {
			return s.data[addr-s.addr:], 0
		}
	}
	page := addr &^ (pageSize - 1)
	data, errno := m.read(page)
	if errno != 0 || uint64(len(data)) <= addr-page {
		return nil, max(errno, unix.EFAULT)
	}
	m.spans = append(m.spans, span{page, data})
	return data[addr-page:], 0
}

func (m *memory) read(page uint64) ([]byte, unix.Errno) {
	if len(m.room)-m.used < pageSize {
		m.spans, m.used = m.spans[:0], 0
	}
	buf := m.room[m.used : m.used+pageSize]
	got, err := m.copy(page, buf)
	if err != nil || got == 0 {
		return nil, memoryErrno(err)
	}
	m.used += pageSize
	return buf[:got], 0
}

func (m *memory) copy(addr uint64, buf []byte) (int, error) {
	if m.file < 0 {
		return sys.ReadMemory(int(m.thread), addr, buf)
	}
	return sys.ReadAt(m.file, addr, buf)
}

func (m *memory) pointer(addr uint64, word int) (uint64, unix.Errno) {
	var raw [8]byte
	for got := 0; got < word; {
		data, errno := m.at(addr + uint64(got))
		if errno != 0 {
			return 0, errno
		}
		got += copy(raw[got:word], data)
	}
	return binary.LittleEndian.Uint64(raw[:]), 0
}

func (m *memory) text(addr uint64) (string, unix.Errno) {
	var long []byte
	for len(long) < maxArguments {
		data, errno := m.at(addr)
		if errno != 0 {
			return "", errno
		}
		if end := bytes.IndexByte(data, 0); end >= 0 {
			if long == nil {
				return string(data[:end]), 0
			}
			return string(append(long, data[:end]...)), 0
		}
		long = append(long, data...)
		addr += uint64(len(data))
	}
	return "", unix.E2BIG
}

package target

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// maxArguments bounds what ReadStrings reads: what execve(2) takes at most
// (three quarters of 8 MiB of stack, _STK_LIM of the kernel).
const maxArguments = 6 << 20

// ReadStrings reads an array of pointers to strings that ends with NULL, as
// execve(2) takes it; word is the size of a pointer. A NULL array is an empty one.
func (t Thread) ReadStrings(addr uint64, word int) ([]string, unix.Errno) {
	if addr == 0 {
		return nil, 0
	}
	m := memory{thread: t, pages: map[uint64][]byte{}}
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

// memory reads a thread's memory by pages, each once: arguments lie close to
// each other.
type memory struct {
	thread Thread
	pages  map[uint64][]byte
	size   int
}

// ahead is how many pages are read at once, where there are so many.
const ahead = 4

// at returns what is readable from addr to the end of its page.
func (m *memory) at(addr uint64) ([]byte, unix.Errno) {
	page := addr &^ (pageSize - 1)
	data, ok := m.pages[page]
	if !ok {
		var errno unix.Errno
		if data, errno = m.read(page); errno != 0 {
			return nil, errno
		}
	}
	return data[addr-page:], 0
}

func (m *memory) read(page uint64) ([]byte, unix.Errno) {
	buf := make([]byte, ahead*pageSize)
	if m.thread.Read(page, buf) != 0 { // not all is there
		if errno := m.thread.Read(page, buf[:pageSize]); errno != 0 {
			return nil, errno
		}
		buf = buf[:pageSize]
	}
	for i := 0; i < len(buf); i += pageSize {
		m.pages[page+uint64(i)] = buf[i : i+pageSize]
	}
	return buf[:pageSize], 0
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
			return string(append(long, data[:end]...)), 0
		}
		long = append(long, data...)
		addr += uint64(len(data))
	}
	return "", unix.E2BIG
}

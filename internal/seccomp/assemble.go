//go:build linux

package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// label is the place of an instruction, counted from the program's end.
type label int

// assembler writes a program from its end to its start: BPF jumps forward only,
// so that way the target of a jump is always there already.
type assembler struct {
	code []unix.SockFilter
	rets map[Verdict]label // the latest copy of each return
}

// reach is how far a conditional jump goes.
const reach = 255

func (b *assembler) emit(code uint16, jt, jf uint8, k uint32) label {
	b.code = append(b.code, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
	return label(len(b.code) - 1)
}

// distance is the offset of a jump to l from the next instruction to be written.
func (b *assembler) distance(l label) int { return len(b.code) - int(l) - 1 }

func (b *assembler) ret(v Verdict) label {
	if l, ok := b.rets[v]; ok {
		return l
	}
	b.rets[v] = b.emit(unix.BPF_RET|unix.BPF_K, 0, 0, uint32(v))
	return b.rets[v]
}

// near is l or, if it is out of reach, an instruction that is as good: a copy of
// a return, or a long jump. room is how many instructions may come in between.
func (b *assembler) near(l label, room int) label {
	if b.distance(l)+room <= reach {
		return l
	}
	in := b.code[l]
	if !isReturn(in) {
		return b.emit(unix.BPF_JMP|unix.BPF_JA, 0, 0, uint32(b.distance(l)))
	}
	v := Verdict(in.K)
	if b.distance(b.rets[v])+room > reach {
		b.rets[v] = b.emit(in.Code, 0, 0, in.K)
	}
	return b.rets[v]
}

func isReturn(in unix.SockFilter) bool { return in.Code == unix.BPF_RET|unix.BPF_K }

// last makes l the place of the last instruction written, so that one which
// does not jump can be put before it.
func (b *assembler) last(l label) {
	if b.distance(l) > 0 {
		b.emit(unix.BPF_JMP|unix.BPF_JA, 0, 0, uint32(b.distance(l)))
	}
}

// jump compares the accumulator with k.
func (b *assembler) jump(op uint16, k uint32, yes, no label) label {
	yes = b.near(yes, 1) // bringing no near may take an instruction
	no = b.near(no, 0)
	return b.emit(unix.BPF_JMP|unix.BPF_K|op, uint8(b.distance(yes)), uint8(b.distance(no)), k)
}

// Offsets in struct seccomp_data, which is little-endian on all architectures of the table.
const (
	offNr   = 0
	offArch = 4
	offArgs = 16
)

func (b *assembler) load(offset uint32) label {
	return b.emit(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 0, 0, offset)
}

// loaded is the place after l, if all that l does is load what is loaded already.
func (b *assembler) loaded(l label, offset uint32) label {
	if in := b.code[l]; in.Code == unix.BPF_LD|unix.BPF_W|unix.BPF_ABS && in.K == offset {
		return l - 1
	}
	return l
}

// word is half of a condition: BPF has 32 bits.
type word struct {
	offset      uint32
	mask, value uint32
}

func (b *assembler) equal(w word, yes, no label) label {
	if w.mask == 0 {
		return yes
	}
	if w.mask == 1<<32-1 {
		b.jump(unix.BPF_JEQ, w.value, b.loaded(yes, w.offset), b.loaded(no, w.offset))
		return b.load(w.offset)
	}
	b.jump(unix.BPF_JEQ, w.value, yes, no)
	b.emit(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, 0, 0, w.mask)
	return b.load(w.offset)
}

func (b *assembler) anySet(w word, yes, no label) label {
	if w.mask == 0 {
		return no
	}
	b.jump(unix.BPF_JSET, w.mask, b.loaded(yes, w.offset), b.loaded(no, w.offset))
	return b.load(w.offset)
}

// cond goes to yes or no.
func (b *assembler) cond(c Cond, yes, no label) label {
	if yes == no {
		return yes
	}
	low := word{offArgs + 8*uint32(c.Arg), uint32(c.Mask), uint32(c.Value)}
	high := word{low.offset + 4, uint32(c.Mask >> 32), uint32(c.Value >> 32)}
	if c.Op == AnySet {
		return b.anySet(low, yes, b.anySet(high, yes, no))
	}
	if c.Op == NotEqual {
		yes, no = no, yes
	}
	if c.Value&^c.Mask != 0 { // on 386, an upper half that is never there
		return no
	}
	return b.equal(low, b.equal(high, yes, no), no)
}

// program is what was written, in order, without what is never reached: loads
// that all jumps skip, and rules after one without conditions.
func (b *assembler) program() []unix.SockFilter {
	slices.Reverse(b.code)
	return compact(b.code, reached(b.code))
}

// targets are the instructions that can come after number i.
func targets(code []unix.SockFilter, i int) []int {
	in := code[i]
	switch {
	case isReturn(in):
		return nil
	case in.Code == unix.BPF_JMP|unix.BPF_JA:
		return []int{i + 1 + int(in.K)}
	case in.Code&0x07 == unix.BPF_JMP:
		return []int{i + 1 + int(in.Jt), i + 1 + int(in.Jf)}
	}
	return []int{i + 1}
}

func reached(code []unix.SockFilter) []bool {
	r := make([]bool, len(code))
	r[0] = true
	for i := range code {
		if !r[i] {
			continue
		}
		for _, t := range targets(code, i) {
			r[t] = true
		}
	}
	return r
}

// compact keeps the instructions of keep. Jumps only get shorter by it.
func compact(code []unix.SockFilter, keep []bool) []unix.SockFilter {
	to := make([]int, len(code)) // new places
	n := 0
	for i, k := range keep {
		to[i] = n
		if k {
			n++
		}
	}
	out := make([]unix.SockFilter, 0, n)
	for i, k := range keep {
		if k {
			out = append(out, moved(code[i], i, to))
		}
	}
	return out
}

func moved(in unix.SockFilter, i int, to []int) unix.SockFilter {
	offset := func(old int) int { return to[i+1+old] - to[i] - 1 }
	switch {
	case in.Code == unix.BPF_JMP|unix.BPF_JA:
		in.K = uint32(offset(int(in.K)))
	case in.Code&0x07 == unix.BPF_JMP:
		in.Jt, in.Jf = uint8(offset(int(in.Jt))), uint8(offset(int(in.Jf)))
	}
	return in
}

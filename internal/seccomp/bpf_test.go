//go:build linux

package seccomp

import (
	"encoding/binary"
	"fmt"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// call is struct seccomp_data.
type call struct {
	nr   uint32
	arch uint32
	args [6]uint64
}

func (c call) data() (d [64]byte) {
	binary.LittleEndian.PutUint32(d[0:], c.nr)
	binary.LittleEndian.PutUint32(d[4:], c.arch)
	binary.LittleEndian.PutUint64(d[8:], 0x1122334455667788) // the instruction pointer, which nothing may look at
	for i, a := range c.args {
		binary.LittleEndian.PutUint64(d[16+8*i:], a)
	}
	return d
}

func (c call) String() string {
	a, _ := abi.ArchFromAudit(c.arch)
	return fmt.Sprintf("%v (%#x) call %d %#x", a, c.arch, int32(c.nr), c.args)
}

// machine runs a filter as the kernel does, and counts.
type machine struct {
	prog []unix.SockFilter
	hits []int
}

func newMachine(prog []unix.SockFilter) *machine {
	return &machine{prog, make([]int, len(prog))}
}

// run gives the verdict and how many instructions it took. It knows the
// instructions that the assembler writes, and panics on others and on a jump
// out of the program.
func (m *machine) run(c call) (v Verdict, steps int) {
	data := c.data()
	var acc uint32
	for pc := 0; ; pc++ {
		in := m.prog[pc]
		m.hits[pc]++
		steps++
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			acc = binary.LittleEndian.Uint32(data[in.K:])
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			acc &= in.K
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(in.K)
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			pc += branch(in, acc == in.K)
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			pc += branch(in, acc >= in.K)
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			pc += branch(in, acc&in.K != 0)
		case unix.BPF_RET | unix.BPF_K:
			return Verdict(in.K), steps
		default:
			panic(fmt.Sprintf("instruction %d: unknown code %#x", pc, in.Code))
		}
	}
}

func branch(in unix.SockFilter, holds bool) int {
	if holds {
		return int(in.Jt)
	}
	return int(in.Jf)
}

// naive is what the rules mean, without a program.
func naive(arches []abi.Arch, rules []Rule, c call) Verdict {
	for _, a := range arches {
		if a.Audit() == c.arch {
			return naiveOn(a, rules, c)
		}
	}
	return Errno(unix.ENOSYS)
}

func naiveOn(a abi.Arch, rules []Rule, c call) Verdict {
	row, ok := abi.Lookup(a, int(int32(c.nr)))
	if !ok {
		return Errno(unix.ENOSYS)
	}
	for _, r := range rules {
		if r.Name == row.Name && r.isFor(a) && holds(a, r.When, c) {
			return r.Do
		}
	}
	return Allow
}

func holds(a abi.Arch, when []Cond, c call) bool {
	for _, cond := range when {
		arg := c.args[cond.Arg]
		if a == abi.I386 {
			arg = uint64(uint32(arg))
		}
		ok := false
		switch cond.Op {
		case Equal:
			ok = arg&cond.Mask == cond.Value
		case NotEqual:
			ok = arg&cond.Mask != cond.Value
		case AnySet:
			ok = arg&cond.Mask != 0
		}
		if !ok {
			return false
		}
	}
	return true
}

package tracer

import (
	"encoding/binary"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
)

// Of the kernel (linux/errno.h); programs never see them.
const (
	restartSys    = -512 // ERESTARTSYS: again, unless the handler has no SA_RESTART: then EINTR
	restartNoIntr = -513 // ERESTARTNOINTR: again in any case
)

// layout says where in struct user_regs_struct (asm/ptrace.h) what counts is.
type layout struct {
	arch   abi.Arch
	word   int
	result int // rax, eax
	number int // orig_rax, orig_eax
	args   [3]int
}

// layouts are by the length of the structure, in words.
var layouts = map[int]layout{
	27 * 8: {abi.AMD64, 8, 10, 15, [3]int{14, 13, 12}}, // rdi, rsi, rdx
	17 * 4: {abi.I386, 4, 6, 11, [3]int{0, 1, 2}},      // ebx, ecx, edx
}

func (l layout) get(regs []byte, i int) uint64 {
	if l.word == 4 {
		return uint64(binary.NativeEndian.Uint32(regs[i*4:]))
	}
	return binary.NativeEndian.Uint64(regs[i*8:])
}

func (l layout) set(regs []byte, i int, v int64) {
	if l.word == 4 {
		binary.NativeEndian.PutUint32(regs[i*4:], uint32(v))
		return
	}
	binary.NativeEndian.PutUint64(regs[i*8:], uint64(v))
}

// spare has a call that a signal took out of its wait for the supervisor made again
// after the signal's handler, where it would fail with EINTR, as it never does
// elsewhere (seccomp_unotify(2): a signal that comes before the supervisor has
// received the notification).
func (t *Tracer) spare(tid int) {
	var buf [27 * 8]byte
	n, err := sys.PtraceRegisters(tid, buf[:])
	l, known := layouts[n]
	if t.restarts == nil || err != nil || !known {
		return
	}
	regs := buf[:n]
	if int32(l.get(regs, l.result)) != restartSys || int32(l.get(regs, l.number)) < 0 {
		return
	}
	call := Call{Thread: tid, Arch: l.arch, Number: int(int32(l.get(regs, l.number)))}
	for i, reg := range l.args {
		call.Args[i] = l.get(regs, reg)
	}
	if t.restarts(call) {
		l.set(regs, l.result, restartNoIntr)
		_ = sys.PtraceSetRegisters(tid, regs)
	}
}

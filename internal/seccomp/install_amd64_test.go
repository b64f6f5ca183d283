package seccomp

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// int80 is a program that makes one of 386's calls and exits with its error number.
func int80(bits int, nr uint32, args ...uint64) []byte {
	code := binary.LittleEndian.AppendUint32([]byte{0xb8}, nr) // mov eax, nr
	for i, reg := range []byte{0xbb, 0xb9, 0xba}[:len(args)] { // mov ebx, ecx, edx
		if bits == 64 {
			code = binary.LittleEndian.AppendUint64(append(code, 0x48, reg), args[i])
		} else {
			code = binary.LittleEndian.AppendUint32(append(code, reg), uint32(args[i]))
		}
	}
	code = append(code, 0xcd, 0x80) // int 0x80
	code = append(code, 0xf7, 0xd8) // neg eax
	code = append(code, 0x89, 0xc3) // mov ebx, eax
	code = append(code, 0xb8, 1, 0, 0, 0, 0xcd, 0x80)
	if bits == 64 {
		return elf64(code)
	}
	return elf32(code)
}

const base = 0x400000 // where the program is mapped

// elf32 and elf64 wrap code in the headers of elf(5).
func elf32(code []byte) []byte {
	const headers = 52 + 32
	size := uint32(headers + len(code))
	b := append([]byte("\x7fELF\x01\x01\x01"), make([]byte, 9)...)
	b = le(b, uint16(2), uint16(3), uint32(1), uint32(base+headers), uint32(52), uint32(0), uint32(0))
	b = le(b, uint16(52), uint16(32), uint16(1), uint16(0), uint16(0), uint16(0))
	b = le(b, uint32(1), uint32(0), uint32(base), uint32(base), size, size, uint32(5), uint32(0x1000))
	return append(b, code...)
}

func elf64(code []byte) []byte {
	const headers = 64 + 56
	size := uint64(headers + len(code))
	b := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	b = le(b, uint16(2), uint16(62), uint32(1), uint64(base+headers), uint64(64), uint64(0), uint32(0))
	b = le(b, uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0))
	b = le(b, uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), size, size, uint64(0x1000))
	return append(b, code...)
}

func le(b []byte, fields ...any) []byte {
	for _, f := range fields {
		b, _ = binary.Append(b, binary.LittleEndian, f)
	}
	return b
}

// S06: 386's numbers by int 0x80, from a 32-bit program and from a 64-bit one,
// which can leave something in the upper halves of its registers (S08).
func TestInstallInt80(t *testing.T) {
	const high = 0xdeadbeef << 32
	for _, tt := range []struct {
		name         string
		nr           uint32
		args         []uint64
		native, want unix.Errno
	}{
		{"io_uring_setup", 425, []uint64{1, 0}, unix.EFAULT, unix.ENOSYS},
		{"TIOCSTI", 54, []uint64{1<<32 - 1, unix.TIOCSTI, 0}, unix.EBADF, unix.EPERM},
		{"TIOCSTI, high bits", 54, []uint64{1<<32 - 1, high | unix.TIOCSTI, 0}, unix.EBADF, unix.EPERM},
		{"socketcall", 102, []uint64{high | 1, 0}, unix.EFAULT, unix.ENOSYS},
		{"socket", 359, []uint64{high | unix.AF_VSOCK, 0xf, 0}, unix.EINVAL, unix.EAFNOSUPPORT},
		{"clone3", 435, []uint64{0, 0}, unix.EINVAL, unix.ENOSYS},
		{"unknown", 460 + 300, nil, unix.ENOSYS, unix.ENOSYS},
		{"TCGETS", 54, []uint64{1<<32 - 1, unix.TCGETS, 0}, unix.EBADF, unix.EBADF},
	} {
		for _, bits := range []int{32, 64} {
			prog := filepath.Join(t.TempDir(), "prog")
			if err := os.WriteFile(prog, int80(bits, tt.nr, tt.args...), 0o755); err != nil {
				t.Fatal(err)
			}
			var native, confined unix.Errno
			onThread(t, false, func() { native = exitErrno(t, prog) })
			onThread(t, false, func() {
				install(t, Options{Families: inet, SysV: true})
				confined = exitErrno(t, prog)
			})
			if native != tt.native || confined != tt.want {
				t.Errorf("%s, %d bits: %v, want %v; without the filter %v, want %v", tt.name, bits, confined, tt.want, native, tt.native)
			}
		}
	}
}

func exitErrno(t *testing.T, prog string) unix.Errno {
	err := exec.Command(prog).Run()
	exit, ok := err.(*exec.ExitError)
	if err != nil && !ok || ok && !exit.Exited() {
		t.Errorf("%s: %v", prog, err)
	}
	if !ok {
		return 0
	}
	return unix.Errno(exit.ExitCode())
}

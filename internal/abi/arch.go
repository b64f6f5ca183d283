package abi

import "runtime"

// Arch is an architecture whose system calls are known.
type Arch uint8

const (
	AMD64 Arch = iota
	I386
	ARM64

	arches = 3
)

// archs holds, for each architecture, AUDIT_ARCH_ of linux/audit.h and Go's name.
var archs = [arches]struct {
	audit uint32
	name  string
}{
	AMD64: {0xc000003e, "amd64"},
	I386:  {0x40000003, "386"},
	ARM64: {0xc00000b7, "arm64"},
}

// String is Go's name of the architecture.
func (a Arch) String() string {
	if int(a) < len(archs) {
		return archs[a].name
	}
	return "unknown architecture"
}

// Audit is the architecture's AUDIT_ARCH_ number, as in struct seccomp_data.
func (a Arch) Audit() uint32 { return archs[a].audit }

// ArchFromAudit finds the architecture of struct seccomp_data.
func ArchFromAudit(audit uint32) (Arch, bool) {
	for a := range archs {
		if archs[a].audit == audit {
			return Arch(a), true
		}
	}
	return 0, false
}

// Native lists the architectures whose programs run here, the usual one first.
// x32 shares AMD64's AUDIT_ARCH_ and has numbers from 1<<30; none has a row.
func Native() []Arch {
	switch runtime.GOARCH {
	case "amd64":
		return []Arch{AMD64, I386}
	case "arm64":
		return []Arch{ARM64}
	case "386":
		return []Arch{I386}
	}
	return nil
}

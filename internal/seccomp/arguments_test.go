//go:build linux

package seccomp

import (
	"slices"
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// Written by hand from linux/fs.h, fscrypt.h, fsverity.h, btrfs.h, msdos_fs.h,
// ext4.h, ocfs2_ioctl.h, userfaultfd.h and tty_ioctl.h.
func TestRulesForRequests(t *testing.T) {
	m := compiled(t, full)
	for want, requests := range map[Verdict][]uint64{
		Errno(unix.EPERM): {0x5412, 0x541c, 0xaa00, 0x8901, 0x8902},
		Notify: {
			0x40086602, 0x40046602, 0x401c5820, 0x40087602, 0x40047602, 0x41009432, 0x40806685,
			0x800c6613, 0xc0506617, 0xc0406618, 0xc0406619, 0x40086604, 0x40046604, 0x6609, 0x40047211,
			0x50009401, 0x5000940e, 0x5000940f, 0x50009417, 0x50009418, 0x5000943f, 0x4008941a,
			0xc0c89425, 0xc0c09425, 0x40186f04,
		},
		Allow: {
			0x5401, 0x5413, 0x541b, 0x80086601, 0x801c581f, 0x80087601, 0x81009431, // TCGETS, TIOCGWINSZ, FIONREAD, FS_IOC_GET...
			0x40049409, 0xc0185879, // FICLONE, FIDEDUPERANGE
		},
	} {
		for _, r := range requests {
			for _, a := range allArches {
				if got := m.on(t, a, "ioctl", 3, 0xffffffff<<32|r); got != want {
					t.Errorf("%v ioctl %#x: %v, want %v", a, r, got, want)
				}
			}
		}
	}
}

func TestRulesForNamespaceFlags(t *testing.T) {
	m := compiled(t, full)
	for _, flag := range []uint64{0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000} {
		for _, call := range []string{"clone", "unshare"} {
			for _, a := range allArches {
				if got := m.on(t, a, call, flag); got != Errno(unix.EPERM) {
					t.Errorf("%v %s(%#x): %v", a, call, flag, got)
				}
			}
		}
	}
}

// A row of the class Arguments that arguments does not know would be refused
// by everyone: it has rules that look at an argument, or none.
func TestArgumentsAreAllKnown(t *testing.T) {
	for _, row := range abi.Table() {
		if row.Class != abi.Arguments {
			continue
		}
		rules := full.row(row)
		if len(rules) == 0 || slices.ContainsFunc(rules, func(r Rule) bool { return r.When == nil }) {
			t.Errorf("%s: %v", row.Name, rules)
		}
	}
}

//go:build linux

package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// What a process may come to be: capabilities(7), prctl(2).
var privilegeChecks = []check{
	{"privileges-no-new", privilegesNoNew},
	{"privileges-kept", privilegesKept},
	{"privileges-kept-until-exec", privilegesKeptUntilExec},
	{"privileges-bounded", privilegesBounded},
	{"privileges-ambient", privilegesAmbient},
	{"privileges-by-file", privilegesByFile},
	{"privileges-securebits", privilegesSecurebits},
}

const chownCap = 1 << unix.CAP_CHOWN

func option(name string, option int, arg, more uintptr) int {
	n, err := unix.PrctlRetInt(option, arg, more, 0, 0)
	must(name, err)
	return n
}

// playCaps prints the effective and the permitted capability of chown(2).
func playCaps() {
	effective, permitted := capget()
	fmt.Println(effective&chownCap, permitted&chownCap) // bit 0
}

func capsOf(path string) string { return printed(path, "-caps") }

func privilegesNoNew() {
	same("before", option("PR_GET_NO_NEW_PRIVS", unix.PR_GET_NO_NEW_PRIVS, 0, 0), 0)
	fails("with 2", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), unix.EINVAL)
	must("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	same("after", option("PR_GET_NO_NEW_PRIVS", unix.PR_GET_NO_NEW_PRIVS, 0, 0), 1)
	fails("taken back", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), unix.EINVAL)
	same("root's", capsOf("/proc/self/exe"), "1 1")
}

func privilegesKept() {
	file("f")
	fails("PR_SET_KEEPCAPS 2", unix.Prctl(unix.PR_SET_KEEPCAPS, 2, 0, 0, 0), unix.EINVAL)
	must("PR_SET_KEEPCAPS", unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0))
	drop(1000)
	same("PR_GET_KEEPCAPS", option("PR_GET_KEEPCAPS", unix.PR_GET_KEEPCAPS, 0, 0), 1)
	effective, permitted := capget()
	same("effective, permitted", []uint64{effective, permitted & all()}, []uint64{0, all()})
	fails("chown", unix.Chown("f", 5, 6), unix.EPERM)
	must("capset", capset(chownCap, chownCap))
	must("chown", unix.Chown("f", 5, 6))
	is("f", "5:6 100644")
}

func privilegesKeptUntilExec() {
	program("p")
	must("PR_SET_KEEPCAPS", unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0))
	drop(1000)
	must("capset", capset(chownCap, chownCap))
	same("of a program", capsOf("./p"), "0 0")
}

func privilegesBounded() {
	program("p")
	same("PR_CAPBSET_READ", option("PR_CAPBSET_READ", unix.PR_CAPBSET_READ, unix.CAP_CHOWN, 0), 1)
	must("PR_CAPBSET_DROP", unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_CHOWN, 0, 0, 0))
	same("PR_CAPBSET_READ", option("PR_CAPBSET_READ", unix.PR_CAPBSET_READ, unix.CAP_CHOWN, 0), 0)
	fails("PR_CAPBSET_READ of none", unix.Prctl(unix.PR_CAPBSET_READ, 1000, 0, 0, 0), unix.EINVAL)
	effective, _ := capget()
	same("effective", effective&chownCap, chownCap)
	same("of a program", capsOf("./p"), "0 0")
	drop(1000)
	fails("PR_CAPBSET_DROP", unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_FOWNER, 0, 0, 0), unix.EPERM)
}

func privilegesAmbient() {
	program("p")
	ambient := func(what, capability uintptr) error {
		return unix.Prctl(unix.PR_CAP_AMBIENT, what, capability, 0, 0)
	}
	fails("raise what is not inheritable", ambient(unix.PR_CAP_AMBIENT_RAISE, unix.CAP_CHOWN), unix.EPERM)
	must("PR_SET_KEEPCAPS", unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0))
	drop(1000)
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: chownCap, Permitted: chownCap, Inheritable: chownCap}}
	must("capset", unix.Capset(&hdr, &data[0]))
	same("inherited", capsOf("./p"), "0 0")
	must("raise", ambient(unix.PR_CAP_AMBIENT_RAISE, unix.CAP_CHOWN))
	same("is set", option("PR_CAP_AMBIENT", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, unix.CAP_CHOWN), 1)
	same("ambient", capsOf("./p"), "1 1")
	must("clear", ambient(unix.PR_CAP_AMBIENT_CLEAR_ALL, 0))
	same("is not set", option("PR_CAP_AMBIENT", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, unix.CAP_CHOWN), 0)
	fails("unknown", ambient(99, unix.CAP_CHOWN), unix.EINVAL)
}

// privilegesByFile: a program has the capabilities of its file, effective or
// permitted only, and those of the bounding set.
func privilegesByFile() {
	program("p")
	program("q")
	must("setxattr", unix.Setxattr("p", "security.capability", fileCapability(chownCap, true), 0))
	must("setxattr", unix.Setxattr("q", "security.capability", fileCapability(chownCap, false), 0))
	drop(1000)
	same("effective", capsOf("./p"), "1 1")
	same("permitted", capsOf("./q"), "0 1")
	must("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	same("with no_new_privs", capsOf("./p"), "0 0")
}

// fileCapability is a struct vfs_cap_data of version 2.
func fileCapability(permitted uint32, effective bool) []byte {
	magic := uint32(0x02000000)
	if effective {
		magic |= 1
	}
	data := binary.LittleEndian.AppendUint32(nil, magic)
	data = binary.LittleEndian.AppendUint32(data, permitted)
	return append(data, make([]byte, 12)...)
}

func privilegesSecurebits() {
	const noSetuidFixup, locked = 1 << 2, 1 << 3
	must("PR_SET_SECUREBITS", unix.Prctl(unix.PR_SET_SECUREBITS, noSetuidFixup|locked, 0, 0, 0))
	same("PR_GET_SECUREBITS", option("PR_GET_SECUREBITS", unix.PR_GET_SECUREBITS, 0, 0), noSetuidFixup|locked)
	fails("unlock", unix.Prctl(unix.PR_SET_SECUREBITS, 0, 0, 0, 0), unix.EPERM)
	drop(1000)
	effective, _ := capget()
	same("effective", effective&all(), all())
}

//go:build linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// capabilities(7).
var capabilityChecks = []check{
	{"capability-full", capabilityFull},
	{"capability-status", capabilityStatus},
	{"capability-given-up", capabilityGivenUp},
	{"capability-gone-with-uid", capabilityGoneWithUID},
	{"capability-back-with-euid", capabilityBackWithEUID},
}

// needed are those that a build that is root uses.
var needed = []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_FSETID,
	unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SYS_CHROOT, unix.CAP_MKNOD, unix.CAP_SETFCAP, unix.CAP_SYS_ADMIN}

// all is the mask of needed.
func all() uint64 {
	var mask uint64
	for _, c := range needed {
		mask |= 1 << c
	}
	return mask
}

func capget() (effective, permitted uint64) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	must("capget", unix.Capget(&hdr, &data[0]))
	return uint64(data[0].Effective) | uint64(data[1].Effective)<<32, uint64(data[0].Permitted) | uint64(data[1].Permitted)<<32
}

func capset(effective, permitted uint64) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(effective), Permitted: uint32(permitted)},
		{Effective: uint32(effective >> 32), Permitted: uint32(permitted >> 32)},
	}
	return unix.Capset(&hdr, &data[0])
}

func capabilityFull() {
	effective, permitted := capget()
	same("effective, permitted", fmt.Sprintf("%x %x", effective&all(), permitted&all()), fmt.Sprintf("%x %x", all(), all()))
}

func capabilityStatus() {
	var mask uint64
	_, err := fmt.Sscanf(procStatus("CapEff:"), "%x", &mask)
	must("CapEff", err)
	same("CapEff", fmt.Sprintf("%x", mask&all()), fmt.Sprintf("%x", all()))
}

func capabilityGivenUp() {
	file("f")
	_, permitted := capget()
	less := permitted &^ (1 << unix.CAP_CHOWN)
	must("capset", capset(less, less))
	effective, _ := capget()
	same("effective", fmt.Sprintf("%x", effective), fmt.Sprintf("%x", less))
	fails("chown", unix.Chown("f", 5, 5), unix.EPERM)
	fails("capset back", capset(permitted, permitted), unix.EPERM)
}

func capabilityGoneWithUID() {
	drop(1000)
	effective, permitted := capget()
	same("effective, permitted", []uint64{effective, permitted}, []int{0, 0})
}

func capabilityBackWithEUID() {
	must("setresuid", unix.Setresuid(-1, 1000, -1))
	effective, permitted := capget()
	same("effective, permitted", []uint64{effective, permitted & all()}, []uint64{0, all()})
	must("setresuid", unix.Setresuid(-1, 0, -1))
	effective, _ = capget()
	same("effective", effective&all(), all())
}

package abi

// What a call tells a program that differs from one machine or moment to another,
// as a record names it.
const (
	Random = "random"
	Host   = "host"
	CPUs   = "cpus"
)

// marked is a row of the class Pass with a Mark.
type marked struct {
	name string
	args [6]Role
	mark string
	note string
}

// marks have no call that reads a clock: the vDSO answers those without the kernel
// (vdso(7)), and where it cannot they are far too many to be held.
var marks = []marked{
	{"uname", [6]Role{Buffer}, Host, "gethostname(2) as well"},
	{"olduname", [6]Role{Buffer}, Host, ""},
	{"oldolduname", [6]Role{Buffer}, Host, ""},
	{"sysinfo", [6]Role{Buffer}, Host, "memory and load"},
	{"sched_getaffinity", [6]Role{PID, Size, Buffer}, CPUs, "what nproc(1) counts"},
	{"getrandom", [6]Role{Buffer, Size, Value}, Random, "what the C library draws for itself is told by its flags and size, and passed"},
}

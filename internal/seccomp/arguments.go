//go:build linux

package seccomp

import (
	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// arguments decides on the class Arguments.
func (o Options) arguments(r *abi.Row) []Rule {
	switch r.Name {
	case "ioctl":
		return o.ioctl()
	case "clone":
		return only(!o.Nesting, Rule{When: []Cond{{0, cloneNamespaces, 0, AnySet}}, Do: Errno(unix.EPERM)})
	case "unshare":
		return only(!o.Nesting, Rule{When: []Cond{{0, ^uint64(unshareable), 0, AnySet}}, Do: Errno(unix.EPERM)})
	case "fcntl", "fcntl64":
		return o.fcntl()
	}
	return []Rule{always(unknown)} // a row that nobody has thought about
}

// cloneNamespaces has no CLONE_NEWTIME, whose bit is part of clone's exit
// signal. The kernel takes the lower 32 bits of clone's flags, and all have a meaning.
const cloneNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// unshareable are the flags of unshare that are no namespace. The kernel takes
// all 64 bits; those that it does not know today may make a namespace tomorrow.
const unshareable = unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_VM | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM

// fcntl holds back the sender of SIGIO. F_SETOWN_EX has the process in memory.
func (o Options) fcntl() []Rule {
	if !o.Process {
		return nil
	}
	return append(oneOf(1, []uint64{unix.F_SETOWN}, o.ask(Allow)),
		oneOf(1, []uint64{unix.F_SETOWN_EX}, Errno(unix.EPERM))...)
}

func (o Options) ioctl() []Rule {
	rules := oneOf(1, refusedRequests, Errno(unix.EPERM))
	if o.Process {
		rules = append(rules, oneOf(1, ownerRequests, Errno(unix.EPERM))...)
	}
	if o.Listener && o.Writes {
		rules = append(rules, oneOf(1, writeRequests, Notify)...)
	}
	return rules
}

var refusedRequests = []uint64{
	unix.TIOCSTI,   // types on the terminal (CVE-2017-5226)
	unix.TIOCLINUX, // pastes on the console (CVE-2023-28100)
	0xaa00,         // USERFAULTFD_IOC_NEW: userfaultfd(2) by /dev/userfaultfd
}

// ownerRequests say who gets SIGIO; the process is in memory. Programs use fcntl.
var ownerRequests = []uint64{
	0x8901, // FIOSETOWN
	0x8902, // SIOCSPGRP
}

// writeRequests change a file, or make one in a directory, by a descriptor that
// can only read. Neither Landlock nor the flags of the open are in their way.
// The numbers of 386 that hold a long are their own.
var writeRequests = []uint64{
	0x40086602, // FS_IOC_SETFLAGS
	0x40046602, // FS_IOC32_SETFLAGS
	0x401c5820, // FS_IOC_FSSETXATTR
	0x40087602, // FS_IOC_SETVERSION
	0x40047602, // FS_IOC32_SETVERSION
	0x41009432, // FS_IOC_SETFSLABEL
	0x40806685, // FS_IOC_ENABLE_VERITY
	0x800c6613, // FS_IOC_SET_ENCRYPTION_POLICY
	0xc0506617, // FS_IOC_ADD_ENCRYPTION_KEY
	0xc0406618, // FS_IOC_REMOVE_ENCRYPTION_KEY
	0xc0406619, // FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS
	0x40086604, // EXT4_IOC_SETVERSION
	0x40046604, // EXT4_IOC32_SETVERSION
	0x6609,     // EXT4_IOC_MIGRATE
	0x40047211, // FAT_IOCTL_SET_ATTRIBUTES
	0x50009401, // BTRFS_IOC_SNAP_CREATE
	0x5000940e, // BTRFS_IOC_SUBVOL_CREATE
	0x5000940f, // BTRFS_IOC_SNAP_DESTROY
	0x50009417, // BTRFS_IOC_SNAP_CREATE_V2
	0x50009418, // BTRFS_IOC_SUBVOL_CREATE_V2
	0x5000943f, // BTRFS_IOC_SNAP_DESTROY_V2
	0x4008941a, // BTRFS_IOC_SUBVOL_SETFLAGS
	0xc0c89425, // BTRFS_IOC_SET_RECEIVED_SUBVOL
	0xc0c09425, // BTRFS_IOC_SET_RECEIVED_SUBVOL_32
	0x40186f04, // OCFS2_IOC_REFLINK
}

// Requests of ptrace that make a tracee; the others need one.
const (
	ptraceTraceMe = 0
	ptraceAttach  = 16
	ptraceSeize   = 0x4206
)

// process decides on the class Process.
func (o Options) process(r *abi.Row) []Rule {
	if o.Listener && o.Traced && r.Name == "ptrace" {
		return []Rule{
			{When: []Cond{{0, Long, ptraceTraceMe, Equal}}, Do: Notify},
			{When: []Cond{{0, Long, ptraceAttach, Equal}}, Do: Notify},
			{When: []Cond{{0, Long, ptraceSeize, Equal}}, Do: Notify},
		}
	}
	if !o.Process {
		return nil
	}
	other := always(o.ask(Errno(unix.EPERM)))
	self := Rule{Do: Allow}
	switch r.Name {
	case "ptrace": // the request is a long
		return []Rule{
			{When: []Cond{{0, Long, ptraceAttach, Equal}}, Do: other.Do},
			{When: []Cond{{0, Long, ptraceSeize, Equal}}, Do: other.Do},
		}
	case "setpriority": // PRIO_USER with 0 is all of the user's
		self.When = []Cond{equal(0, unix.PRIO_PROCESS), equal(1, 0)}
	case "ioprio_set": // likewise
		self.When = []Cond{equal(0, ioprioWhoProcess), equal(1, 0)}
	case "prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
		"move_pages", "migrate_pages":
		self.When = []Cond{equal(0, 0)}
	case "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal":
		return []Rule{always(o.ask(Allow))}
	default:
		return []Rule{other}
	}
	return []Rule{self, other}
}

// ioprioWhoProcess is IOPRIO_WHO_PROCESS of linux/ioprio.h.
const ioprioWhoProcess = 1

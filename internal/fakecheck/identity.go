//go:build linux

package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Credentials: credentials(7), setresuid(2).
var identityChecks = []check{
	{"identity-root", identityRoot},
	{"identity-old-calls", identityOldCalls},
	{"identity-dropped-stays", identityDroppedStays},
	{"identity-saved-returns", identitySavedReturns},
	{"identity-real-from-effective", identityRealFromEffective},
	{"identity-setuid-sets-all", identitySetuidSetsAll},
	{"identity-fsuid", identityFSUID},
	{"identity-fsuid-follows", identityFSUIDFollows},
	{"identity-groups", identityGroups},
	{"identity-groups-dropped", identityGroupsDropped},
	{"identity-per-process", identityPerProcess},
	{"identity-proc-status", identityProcStatus},
	{"identity-peercred", identityPeercred},
	{"identity-setpriority", identitySetpriority},
}

func identityRoot() { same("ids", ids(), "0 0 0, 0 0 0") }

// identityOldCalls: those that return one id each.
func identityOldCalls() {
	must("setresgid", unix.Setresgid(6, 7, 0))
	must("setresuid", unix.Setresuid(4, 5, 0))
	same("getuid geteuid getgid getegid",
		[]int{unix.Getuid(), unix.Geteuid(), unix.Getgid(), unix.Getegid()}, []int{4, 5, 6, 7})
}

func identityDroppedStays() {
	drop(1000)
	same("ids", ids(), "1000 1000 1000, 1000 1000 1000")
	fails("setuid", unix.Setuid(0), unix.EPERM)
	fails("setresuid", unix.Setresuid(-1, 0, -1), unix.EPERM)
	fails("setgid", unix.Setgid(0), unix.EPERM)
	same("ids", ids(), "1000 1000 1000, 1000 1000 1000")
}

func identitySavedReturns() {
	must("setresuid", unix.Setresuid(1000, 1000, 0))
	same("ids", ids(), "1000 1000 0, 0 0 0")
	fails("setresuid to a third", unix.Setresuid(-1, 1001, -1), unix.EPERM)
	must("setresuid back", unix.Setresuid(-1, 0, -1))
	must("setresuid to any", unix.Setresuid(0, 0, 0))
}

func identityRealFromEffective() {
	must("setreuid", unix.Setreuid(-1, 1000))
	same("ids", ids(), "0 1000 1000, 0 0 0")
	must("setreuid back", unix.Setreuid(-1, 0))
	same("ids", ids(), "0 0 1000, 0 0 0")
}

func identitySetuidSetsAll() {
	must("setgid", unix.Setgid(8))
	must("setuid", unix.Setuid(9))
	same("ids", ids(), "9 9 9, 8 8 8")
}

// identityFSUID: the call returns the id before, also for -1, which sets nothing.
func identityFSUID() {
	before, _ := unix.SetfsuidRetUid(1000)
	after, _ := unix.SetfsuidRetUid(-1)
	same("setfsuid", []int{before, after}, []int{0, 1000})
	file("f")
	is("f", "1000:0 100644")
	before, _ = unix.SetfsgidRetGid(1001)
	after, _ = unix.SetfsgidRetGid(-1)
	same("setfsgid", []int{before, after}, []int{0, 1001})
}

// identityFSUIDFollows: what one makes belongs to the effective ids.
func identityFSUIDFollows() {
	must("setresgid", unix.Setresgid(-1, 1001, -1))
	must("setresuid", unix.Setresuid(-1, 1000, -1))
	file("f")
	is("f", "1000:1001 100644")
	must("mkdir", unix.Mkdir("d", 0o755))
	is("d", "1000:1001 040755")
	must("symlink", unix.Symlink("f", "l"))
	is("l", "1000:1001 120777")
}

func identityGroups() {
	must("setgroups", unix.Setgroups([]int{5, 600000, 7}))
	groups, err := unix.Getgroups()
	must("getgroups", err)
	same("groups", groups, []int{5, 7, 600000}) // the kernel sorts them
}

func identityGroupsDropped() {
	must("setgroups", unix.Setgroups([]int{5}))
	must("setresuid", unix.Setresuid(1000, 1000, 1000))
	groups, err := unix.Getgroups()
	must("getgroups", err)
	same("groups", groups, []int{5})
	fails("setgroups", unix.Setgroups(nil), unix.EPERM)
}

// identityPerProcess: a child inherits, and what it does stays with it.
func identityPerProcess() {
	program("p")
	same("a child that drops", printed("./p", "-drop-and-exec", "./p"), "1000 1000 1000, 1000 1000 1000")
	same("its parent", ids(), "0 0 0, 0 0 0")
	must("setresgid", unix.Setresgid(5, 6, 7))
	must("setresuid", unix.Setresuid(2, 3, 4))
	// execve(2) copies the effective ids to the saved ones.
	same("a child", printed("./p", "-ids"), "2 3 3, 5 6 6")
}

func identityProcStatus() {
	drop(1000)
	same("Uid, Gid", procStatus("Uid:")+"; "+procStatus("Gid:"), "1000 1000 1000 1000; 1000 1000 1000 1000")
}

// procStatus is a field of /proc/self/status of this thread.
func procStatus(field string) string {
	data, err := os.ReadFile("/proc/thread-self/status")
	must("read /proc/thread-self/status", err)
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return "none"
}

// identityPeercred: unix(7), the credentials of the moment of socketpair.
func identityPeercred() {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must("socketpair", err)
	peer, err := unix.GetsockoptUcred(pair[0], unix.SOL_SOCKET, unix.SO_PEERCRED)
	must("getsockopt", err)
	same("SO_PEERCRED", []uint32{peer.Uid, peer.Gid}, []int{0, 0})
}

// identitySetpriority: the raw getpriority is 20 minus the nice value.
func identitySetpriority() {
	must("setpriority", unix.Setpriority(unix.PRIO_PROCESS, 0, -1))
	got, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	must("getpriority", err)
	same("getpriority", got, 21)
}

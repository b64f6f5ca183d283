package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// LandlockABI returns the version of Landlock that the kernel offers, from 1
// (landlock(7)); 0 with an error.
func LandlockABI() (int, error) {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, named("landlock_create_ruleset", errno)
	}
	return int(v), nil
}

// LandlockCreateRuleset makes a ruleset that handles the rights of attr
// (landlock_create_ruleset(2)). size is that of the structure's known part:
// an older kernel refuses bits, not bytes, that it does not know.
func LandlockCreateRuleset(attr *unix.LandlockRulesetAttr) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr), 0)
	return int(fd), named("landlock_create_ruleset", errno)
}

// LandlockAddPath allows the rights access at and beneath the file that fd is open on.
func LandlockAddPath(ruleset, fd int, access uint64) error {
	// struct landlock_path_beneath_attr is packed: 8 bytes and 4.
	var attr [12]byte
	*(*uint64)(unsafe.Pointer(&attr[0])) = access
	*(*int32)(unsafe.Pointer(&attr[8])) = int32(fd)
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	return named("landlock_add_rule", errno)
}

// LandlockRestrictSelf puts the calling thread, and what it starts from then
// on, under the ruleset. It needs no_new_privs.
func LandlockRestrictSelf(ruleset int) error {
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0)
	return named("landlock_restrict_self", errno)
}

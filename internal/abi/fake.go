package abi

// Fake says what a call reads or changes that a fake root has its own answer
// for, besides what calls of the classes Open and Write change.
type Fake uint8

const (
	NoFake Fake = iota
	// FakeStat reads owners, modes and devices.
	FakeStat
	// FakeGetxattr and FakeListxattr read extended attributes.
	FakeGetxattr
	FakeListxattr
	// FakeEntries reads a directory, with the types of files.
	FakeEntries
	// FakeGetID and FakeSetID read and change ids of users and groups.
	FakeGetID
	FakeSetID
	// FakeCaps reads and changes capabilities.
	FakeCaps
	// FakeRoot changes the root directory.
	FakeRoot
	// FakePriority reads and raises priorities.
	FakePriority
	// FakeUmask sets what is taken from the modes of new files.
	FakeUmask
)

// faked is a row with a Fake.
type faked struct {
	name  string
	args  [6]Role
	class Class
	fake  Fake
	note  string
}

// fakes are the calls that a fake root answers, beyond those that write.
var fakes = []faked{
	{"stat", [6]Role{Path, Buffer}, Stat, FakeStat, ""},
	{"stat64", [6]Role{Path, Buffer}, Stat, FakeStat, ""},
	{"oldstat", [6]Role{Path, Buffer}, Stat, FakeStat, ""},
	{"lstat", [6]Role{Link, Buffer}, Stat, FakeStat, ""},
	{"lstat64", [6]Role{Link, Buffer}, Stat, FakeStat, ""},
	{"oldlstat", [6]Role{Link, Buffer}, Stat, FakeStat, ""},
	{"newfstatat", [6]Role{DirFD, Path, Buffer, AtFlags}, Stat, FakeStat, ""},
	{"fstatat64", [6]Role{DirFD, Path, Buffer, AtFlags}, Stat, FakeStat, ""},
	{"statx", [6]Role{DirFD, Path, AtFlags, Value, Buffer}, Stat, FakeStat, ""},
	{"fstat", [6]Role{FD, Buffer}, Pass, FakeStat, ""},
	{"fstat64", [6]Role{FD, Buffer}, Pass, FakeStat, ""},
	{"oldfstat", [6]Role{FD, Buffer}, Pass, FakeStat, ""},

	{"getxattr", [6]Role{Path, Name, Buffer, Size}, Stat, FakeGetxattr, ""},
	{"lgetxattr", [6]Role{Link, Name, Buffer, Size}, Stat, FakeGetxattr, ""},
	{"getxattrat", [6]Role{DirFD, Path, AtFlags, Name, Buffer, Size}, Stat, FakeGetxattr, ""},
	{"fgetxattr", [6]Role{FD, Name, Buffer, Size}, Pass, FakeGetxattr, ""},

	{"listxattr", [6]Role{Path, Buffer, Size}, Stat, FakeListxattr, ""},
	{"llistxattr", [6]Role{Link, Buffer, Size}, Stat, FakeListxattr, ""},
	{"listxattrat", [6]Role{DirFD, Path, AtFlags, Buffer, Size}, Stat, FakeListxattr, ""},
	{"flistxattr", [6]Role{FD, Buffer, Size}, Pass, FakeListxattr, ""},

	{"getdents", [6]Role{FD, Buffer, Size}, Pass, FakeEntries, ""},
	{"getdents64", [6]Role{FD, Buffer, Size}, Pass, FakeEntries, ""},
	{"readdir", [6]Role{FD, Buffer, Size}, Pass, FakeEntries, ""},

	{"getuid", [6]Role{}, Pass, FakeGetID, ""},
	{"getuid32", [6]Role{}, Pass, FakeGetID, ""},
	{"geteuid", [6]Role{}, Pass, FakeGetID, ""},
	{"geteuid32", [6]Role{}, Pass, FakeGetID, ""},
	{"getgid", [6]Role{}, Pass, FakeGetID, ""},
	{"getgid32", [6]Role{}, Pass, FakeGetID, ""},
	{"getegid", [6]Role{}, Pass, FakeGetID, ""},
	{"getegid32", [6]Role{}, Pass, FakeGetID, ""},
	{"getresuid", [6]Role{Buffer, Buffer, Buffer}, Pass, FakeGetID, ""},
	{"getresuid32", [6]Role{Buffer, Buffer, Buffer}, Pass, FakeGetID, ""},
	{"getresgid", [6]Role{Buffer, Buffer, Buffer}, Pass, FakeGetID, ""},
	{"getresgid32", [6]Role{Buffer, Buffer, Buffer}, Pass, FakeGetID, ""},
	{"getgroups", [6]Role{Size, Buffer}, Pass, FakeGetID, ""},
	{"getgroups32", [6]Role{Size, Buffer}, Pass, FakeGetID, ""},

	{"setuid", [6]Role{Owner}, Pass, FakeSetID, ""},
	{"setuid32", [6]Role{Owner}, Pass, FakeSetID, ""},
	{"setgid", [6]Role{Group}, Pass, FakeSetID, ""},
	{"setgid32", [6]Role{Group}, Pass, FakeSetID, ""},
	{"setreuid", [6]Role{Owner, Owner}, Pass, FakeSetID, ""},
	{"setreuid32", [6]Role{Owner, Owner}, Pass, FakeSetID, ""},
	{"setregid", [6]Role{Group, Group}, Pass, FakeSetID, ""},
	{"setregid32", [6]Role{Group, Group}, Pass, FakeSetID, ""},
	{"setresuid", [6]Role{Owner, Owner, Owner}, Pass, FakeSetID, ""},
	{"setresuid32", [6]Role{Owner, Owner, Owner}, Pass, FakeSetID, ""},
	{"setresgid", [6]Role{Group, Group, Group}, Pass, FakeSetID, ""},
	{"setresgid32", [6]Role{Group, Group, Group}, Pass, FakeSetID, ""},
	{"setfsuid", [6]Role{Owner}, Pass, FakeSetID, ""},
	{"setfsuid32", [6]Role{Owner}, Pass, FakeSetID, ""},
	{"setfsgid", [6]Role{Group}, Pass, FakeSetID, ""},
	{"setfsgid32", [6]Role{Group}, Pass, FakeSetID, ""},
	{"setgroups", [6]Role{Size, Buffer}, Pass, FakeSetID, ""},
	{"setgroups32", [6]Role{Size, Buffer}, Pass, FakeSetID, ""},

	{"capget", [6]Role{Buffer, Buffer}, Pass, FakeCaps, ""},
	{"capset", [6]Role{Buffer, Buffer}, Pass, FakeCaps, ""},
	{"prctl", [6]Role{Value, Value, Value, Value, Value}, Pass, FakeCaps, "a fake root answers what is about capabilities"},

	{"chroot", [6]Role{Path}, Namespace, FakeRoot, "changes what paths mean; Landlock does not see it"},

	{"umask", [6]Role{Mode}, Pass, FakeUmask, "a fake root keeps the owner's bits on disk"},

	{"getpriority", [6]Role{Value, PID}, Pass, FakePriority, ""},
	{"setpriority", [6]Role{Value, PID, Value}, Process, FakePriority, "0 is the caller, its group or its user"},
}

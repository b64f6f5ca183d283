package conform

// Difference is a behaviour that is not the same confined, by design.
type Difference struct {
	// Program and Mode are those of the tests; "" stands for every one, and the
	// mode "fake" for every one with a fake root.
	Program, Mode string
	// Call is an expression for what the program did, and Confined one for
	// what came of it.
	Call, Confined string
	// Lacks is what the confined result has not got, if the rest of it and all
	// that comes of it are the same; "" if they need not be.
	Lacks string
	// Why says what it is good for.
	Why string
	// Sometimes tells that it depends on timing whether it is seen.
	Sometimes bool
}

const anyFake = "fake"

// Differences lists all that are known. The tests fail on a difference that is
// not here, and on one that is here and not seen, if it is not to be seen only
// sometimes.
var Differences = []Difference{
	{
		"", "mediate", `^open`, `^\d+ flags `, " O_NOFOLLOW",
		"what is there is opened by way of its pinned descriptor, so that O_NOFOLLOW is kept but not seen in F_GETFL",
		false,
	},
	{
		"openat2", "explain", `"TOP/.*, 1\)|"/proc/.*, 1\)`, `^EXDEV$`, "",
		"a writable place is a mount of its own in the run, which RESOLVE_NO_XDEV does not cross",
		false,
	},
	{
		"openat2", "mediate", `"TOP/.*, 1\), 0x18|"/proc/.*, 1\), 0x18`, `^EXDEV$`, "",
		"as in explain",
		false,
	},
	{
		"openat2", "fake run", `"TOP/.*, 1\)|"/proc/.*, 1\)`, `^EXDEV$`, "",
		"as in explain",
		false,
	},
	{
		"may", anyFake, ` (access|faccessat2)\(`, `^0$`, "",
		"access(2) is left to the kernel, which knows the run's user and not whom a program has become",
		false,
	},
	{
		"may", "fake tier 2", ` chroot\(`, `^EPERM$`, "",
		"without a namespace the kernel does not let the run's user change its root",
		false,
	},
	{
		"devices", anyFake, `^getdents$`, `=12`, "",
		"the call before getdents64 is left to the kernel, as no libc uses it any more: a device is the socket that it is on disk",
		false,
	},
	{
		"given down", anyFake, `^bind$`, `^$`, "",
		"bind(2) is not looked at, so that a socket gets nothing from its directory",
		false,
	},
	{
		"attributes of root", anyFake, `^getxattr\("file", "(trusted|security)\."`, `^ENODATA$`, "",
		"the kernel asks for a capability, which the run has not got, before it looks at the name",
		false,
	},
	{
		"capabilities", anyFake, `^capget\(\w+ 2\)$`, `^0 `, "",
		"who asks for another process by its number is told of root, whether there is such a process or not",
		false,
	},
	{
		"access lists", anyFake, `^lsetxattr\("link"`, `^ENOTSUP$`, "",
		"a symbolic link is refused before the list is looked at",
		false,
	},
	{
		"proc", "fake tier 2", `"/proc/self/(comm|oom_score_adj)"`, `^EACCES$`, "",
		"as in tier 2",
		false,
	},
	{
		"proc", "tier 2", `"/proc/self/(comm|oom_score_adj)"`, `^EACCES$`, "",
		"without a pid namespace of its own, /proc is the host's",
		false,
	},
	{
		"fifo", "mediate", `^a signal while it waits`, `.`, "",
		"a call that the supervisor does is not interrupted by signals but those that kill",
		true,
	},
	{
		"unix sockets", "", `^SO_PEERCRED of the client`, `^false true`, "",
		"the supervisor connects, so the peer sees its process id",
		false,
	},
	{
		"unix sockets", "mediate", `^getsockname`, `^[^/]+$`, "",
		"the supervisor binds in the directory that it has pinned, and the kernel keeps the name that was used there",
		false,
	},
	{
		"table full", "mediate", `"missing"`, `^ENOENT$`, "",
		"the file is looked for before a descriptor is taken",
		false,
	},
}

package main

// guard is one thing that keeps a program in, and how to take it out.
type guard struct {
	name  string
	edits []edit
	rows  string // that are to notice
	ways  string // of the rows' programs, "": all
	modes string // in which it is the only wall; "": all
	// behind says which other wall holds, so that no row can notice.
	behind string
	root   bool // only root's rows can notice
}

type edit struct{ file, old, new string }

func one(file, old, new string) []edit { return []edit{{file, old, new}} }

const (
	superv = "internal/supervisor/"
	stage  = "internal/stage/"
	spawn  = "internal/sys/spawn/"
	views  = "internal/namespace/"
	filter = "internal/seccomp/"
)

var guards = []guard{
	{name: "close_range", rows: "F01|F02", edits: one(stage+"init_linux.go",
		"unix.CloseRange(controlFD+1, ", "unix.CloseRange(^uint(0)>>1, ")},
	{name: "landlock", rows: "T01|T06", ways: "open|swap", modes: "tier2", edits: one(stage+"init_linux.go",
		"if in.spec.Landlock != nil {", "if in.spec.Landlock != nil && false {")},
	{name: "landlock scope of signals", rows: "X05", modes: "tier2",
		behind: "the supervisor holds kill and its like; the scope is for a number that changes its owner in between",
		edits:  one("config_linux.go", "Scope: !p.log", "Scope: false")},
	{name: "read-only mounts, without Landlock", rows: "T01", ways: "open", modes: "explain", edits: []edit{
		{views + "place_linux.go", "return sys.MountSetattr(unix.AT_FDCWD, \"/\", unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0)", "return nil"},
		{stage + "init_linux.go", "if in.spec.Landlock != nil {", "if in.spec.Landlock != nil && false {"},
	}},
	{name: "network namespace", rows: "K02|K05|K10", modes: "explain",
		edits: one("plan_linux.go", "return p.tier == 1 && !p.log && p.policy.Network() != policy.NetworkHost", "return false")},
	{name: "IPC namespace", rows: "K14", modes: "explain", edits: one(spawn+"init_linux.go", " | syscall.CLONE_NEWIPC", "")},
	{name: "SysV refused without namespaces", rows: "K14b", modes: "tier2", edits: one("plan_linux.go",
		"SysV:     p.tier > 1 && !p.log,", "SysV:     false,")},
	{name: "socket families", rows: "K06|K07|S08", modes: "explain",
		edits: one(filter+"sockets.go", "return append(rules, always(o.otherFamily()))", "return append(rules, always(Allow))")},
	{name: "netlink protocols", rows: "K07", modes: "explain", edits: one(filter+"sockets.go",
		"{When: []Cond{is, notEqual(argProtocol, unix.NETLINK_ROUTE)}, Do: Errno(unix.EPROTONOSUPPORT)}, allow,", "allow,")},
	{name: "inet protocols", rows: "K03b", modes: "explain", edits: one(filter+"sockets.go",
		"{When: append([]Cond{is}, noneOf(argProtocol, Int, inetProtocols)...), Do: Errno(unix.EPROTONOSUPPORT)}, allow,", "allow,")},
	{name: "kinds of socketcall", rows: "K07b", modes: "explain", edits: one(superv+"socket_linux.go",
		"errno != 0 && r.s.Policy.Action() != policy.Log", "errno != 0 && r.s.Policy.Action() == policy.Log"),
		behind: "the thread that makes the socket is under the filter itself"},
	{name: "TIOCSTI", rows: "X08|S08", modes: "explain", edits: one(filter+"arguments.go", "unix.TIOCSTI, ", "")},
	{name: "TIOCLINUX", rows: "X08", modes: "explain", edits: one(filter+"arguments.go", "unix.TIOCLINUX, ", "")},
	{name: "clone's namespace flags", rows: "N01", modes: "explain", edits: one(filter+"arguments.go",
		"only(!o.Nesting, Rule{When: []Cond{{0, cloneNamespaces, 0, AnySet}}, Do: Errno(unix.EPERM)})", "nil")},
	{name: "unshare's flags", rows: "N01", modes: "explain", edits: one(filter+"arguments.go",
		"only(!o.Nesting, Rule{When: []Cond{{0, ^uint64(unshareable), 0, AnySet}}, Do: Errno(unix.EPERM)})", "nil")},
	{name: "mount calls", rows: "N03", modes: "explain", edits: one(filter+"rules.go",
		"return only(!o.Nesting, always(Errno(r.Class.Errno())))", "return nil")},
	{name: "io_uring, keys, clone3", rows: "S01|S10|Q01|S16", modes: "explain", edits: one(filter+"rules.go",
		"return []Rule{always(Errno(r.Class.Errno()))}\n	case abi.Namespace:", "return nil\n	case abi.Namespace:")},
	{name: "calls on processes by number", rows: "X06|X01", modes: "tier2", edits: one("plan_linux.go",
		"Process:  p.tier > 1,", "Process:  false,")},

	{name: "mediated opens are judged", rows: "W01|W04", modes: "mediate", edits: one(superv+"mediateopen_linux.go",
		"if a, refused := h.judgeOpen(o, place); refused {", "if a, refused := h.judgeOpen(o, place); refused && false {")},
	{name: "mediated calls are judged", rows: "P20", modes: "mediate", edits: one(superv+"mediate_linux.go",
		"if a, refused := p.judgePlace(arg, path, place); refused {", "if a, refused := p.judgePlace(arg, path, place); refused && false {")},
	{name: "no CONTINUE after the look", rows: "T01", ways: "open", modes: "mediate", edits: one(superv+"mediateopen_linux.go",
		"	var fd int\n	var err error\n", "	if o.flags != 0 {\n		return Continue(), false\n	}\n	var fd int\n	var err error\n")},
	{name: "what is pinned is opened", rows: "T06", ways: "swap", modes: "mediate", edits: one(superv+"mediateopen_linux.go",
		"return unix.Open(sys.FDPath(p.File), flags, 0)\n}", "return unix.Open(o.path, flags, 0)\n}")},
	{name: "O_EXCL on creation", rows: "T06", ways: "appears", modes: "mediate", edits: one(superv+"mediateopen_linux.go",
		"flags|unix.O_EXCL, uint32(o.mode))", "flags&^unix.O_NOFOLLOW, uint32(o.mode))")},
	{name: "the descriptor is taken over", rows: "T10", modes: "mediate", edits: one(superv+"mediate_linux.go",
		"	if p.s.mayWrite(canonical) || p.s.givenFD(own) {\n		return Answer{}, false\n	}",
		"	if p.s.mayWrite(canonical) || p.s.givenFD(own) {\n		again, _ := p.takeOver(fd)\n		p.fd = again\n		return Answer{}, false\n	}")},
	{name: "metadata is mediated behind mounts", rows: "T10b", modes: "explain", edits: one(superv+"write_linux.go",
		"s.MetadataOpen && h.row.Change.Metadata()", "!s.Mounts && h.row.Change.Metadata()")},
	{name: "renames are mediated beside denials", rows: "P17", modes: "explain", edits: one(superv+"write_linux.go",
		" || s.movesDenied(h)", "")},
	{name: "denied places come not by rename", rows: "P16", modes: "mediate", edits: one(superv+"mediate_linux.go",
		"if len(p.places) == 2 && p.placesDenied(", "if len(p.places) == 3 && p.placesDenied(")},
	{name: "procfs of others is not opened", rows: "P24", modes: "mediate", edits: one(superv+"mediateopen_linux.go",
		"if !h.ownsProc(p) {", "if false {")},
	{name: "openat2 that reads what it is by who opens it is not made", rows: "P24", modes: "mediate",
		behind: "procfs of others is not opened", edits: one(superv+"mediateopen_linux.go",
			"if o.onlyReads() && place.Exists && !h.ownOf(place) {", "if false {")},
	{name: "file capabilities", rows: "W05b", root: true, modes: "mediate", edits: one(superv+"writecalls_linux.go",
		`strings.HasPrefix(p.input.text, "security.")`, `strings.HasPrefix(p.input.text, "insecurity.")`)},
	{name: "the target's capabilities", rows: "W05b", root: true, modes: "mediate", edits: one(superv+"mediate_linux.go",
		"if own&^caps == 0 {", "if true {")},
	{name: "unix sockets are judged", rows: "K08|K09|F05", modes: "explain", edits: one(superv+"connect_linux.go",
		"h.s.Policy.AllowsConnect(policy.UnixDestination(place.Canonical)) {", "true {")},
	{name: "connect on a copy", rows: "T12", modes: "explain", edits: one(superv+"connect_linux.go",
		"	defer to.close()\n	return sock.result(done(", "	defer to.close()\n	if addr.path != \"\" {\n		return Continue()\n	}\n	return sock.result(done(")},
	{name: "ADDFD that fails refuses", rows: "F10", modes: "mediate", edits: one(superv+"supervisor_linux.go",
		"		response.Error = -int32(errno)\n	default:", "		response.Flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE\n		_ = errno\n	default:")},
	{name: "signals are blocked on receivers", rows: "Z05", modes: "mediate",
		behind: "a descriptor is handed over by a call of its own, which is made again after a signal", edits: one(superv+"supervisor_linux.go",
			"return sys.BlockSignals(sys.Wake)", "return nil")},
	{name: "bad pointers refuse", rows: "B01", modes: "mediate", edits: one("internal/target/memory_linux.go",
		"	return unix.EFAULT\n}", "	return 0\n}")},
	{name: "unknown calls refuse", rows: "S05|S07|S06b", modes: "explain", behind: "this kernel has none of the numbers",
		edits: one(filter+"compile.go", "var unknown = Errno(unix.ENOSYS)", "var unknown = Allow")},
	{name: "what outlives the command is ended", rows: "L01", modes: "tier2", edits: one(stage+"serve_linux.go",
		"		in.endAll()\n		return names", "		return names")},
	{name: "the end of the caller is noticed", rows: "L06|Z01", modes: "tier2", edits: one(stage+"serve_linux.go",
		"case !ok || m.Kill:", "case ok && m.Kill:")},
	{name: "pdeathsig of the init, its socket unnoticed", rows: "L06", modes: "explain", edits: []edit{
		{stage + "init_linux.go", "return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)", "return nil"},
		{spawn + "spawn_linux.go", "attr.Sys.Pdeathsig = syscall.SIGKILL", "_ = attr"},
		{stage + "serve_linux.go", "case !ok || m.Kill:", "case ok && m.Kill:"},
	}},
	{name: "the init is not dumpable", rows: "P24", modes: "tier2",
		edits: one(stage+"init_linux.go", "unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)", "error(nil)")},
	{name: "refusal without namespaces", rows: "Z07", modes: "tier2", edits: one("tier_linux.go",
		"if p.policy.Network() == policy.NetworkIsolated {", "if p.policy.Network() == policy.NetworkIsolated && false {")},

	{name: "fake root: chmod puts no special bits on disk", rows: "R01", ways: "chmod", modes: "fake", edits: one(superv+"fakewrite_linux.go",
		"mode&0777|fakeroot.OwnerBits(uint32(st.Mode))", "mode|fakeroot.OwnerBits(uint32(st.Mode))")},
	{name: "fake root: an open makes none", rows: "R01", ways: "open|excl|creat|tmpfile", modes: "fake", edits: one(superv+"mediateopen_linux.go",
		"o.mode = o.mode&^specialBits | 0600", "o.mode |= 0600")},
	{name: "fake root: mknod makes none", rows: "R01", ways: "mknod|fifo", modes: "fake", edits: one(superv+"fakenames_linux.go",
		"mode&^specialBits|0600, int(dev)))", "mode|0600, int(dev)))")},
	{name: "fake root: devices are made as sockets", rows: "R02", ways: "mknod", modes: "fake", root: true, edits: one(superv+"fakenames_linux.go",
		"a := done(unix.Mknodat(place.Dir, entry(place), kind, 0))",
		"a := done(unix.Mknodat(place.Dir, entry(place), p.value(abi.Mode), int(p.value(abi.Dev))))")},
	{name: "fake root: owners are noted", rows: "R02", ways: "chown", modes: "fake", root: true, edits: one(superv+"fakewrite_linux.go",
		"	abi.Chown:       fakeChown,", "	abi.Chown:       func(_ *receiver, p *pinned) Answer { return chown(p) },")},
	{name: "fake root: root's attributes are noted", rows: "R02", ways: "setxattr-trusted", modes: "fake", root: true, edits: one(superv+"fakexattr_linux.go",
		"	if !notedAttribute(name) && st.Uid == f.UID {\n		if answer", "	if st.Uid == f.UID {\n		if answer")},
	{name: "fake root: a changed root directory is looked at", rows: "R03", modes: "fake-mediate",
		behind: "a call is done on what was judged, wherever that was looked for", edits: one("internal/target/root_linux.go",
			"	if path == \"\" {\n		return root{fd: v.root}, 0", "	if path == \"\" || true {\n		return root{fd: v.root}, 0")},
	{name: "fake root: chroot is noticed", rows: "R03|R03b", modes: "fake-mediate",
		behind: "likewise", edits: one(superv+"fakeopen_linux.go",
			"	r.s.view.Chrooted()\n	return Continue() // wall: the mounts", "	return Continue() // wall: the mounts")},
	{name: "fake root: a path is read once", rows: "R04", ways: "xattr|utime", modes: "fake-mediate", edits: one(superv+"mediate_linux.go",
		"	if arg.Role == abi.Entry {\n		return Answer{}, false\n	}\n	return p.usable(place)",
		"	if arg.Role == abi.Entry {\n		return Answer{}, false\n	}\n	if path, errno = p.path(arg.Path); errno == 0 {\n		l = p.lookup(arg, path)\n		l.Pin = true\n		place, _ = p.s.view.Resolve(l)\n		p.places[len(p.places)-1] = place\n	}\n	return p.usable(place)")},
	{name: "fake root: what may not be written is looked for", rows: "R05|R06", modes: "fake-mediate", edits: one(superv+"mediate_linux.go",
		"if p.creds != nil && p.s.anyWrite && arg.Role", "if p.creds != nil && arg.Role")},
	{name: "fake root: descriptors are judged", rows: "R05", ways: "^f", modes: "fake-mediate", edits: one(superv+"mediate_linux.go",
		"	if p.s.mayWrite(canonical) || p.s.givenFD(own) {", "	if p.creds != nil || p.s.mayWrite(canonical) || p.s.givenFD(own) {")},
	{name: "fake root: owners are judged", rows: "R07", modes: "fake", edits: one(superv+"mediate_linux.go",
		"	if a, refused := p.judgePlace(arg, path, place); refused {", "	if a, refused := p.judgePlace(arg, path, place); refused && p.creds == nil {")},
}

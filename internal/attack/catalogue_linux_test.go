//go:build amd64

package attack

import (
	"maps"
	"os"
	"slices"
	"time"
)

// row is one entry of the catalogue: several programs that try the same door.
type row struct {
	id, title string
	programs  []string
	oracle    oracle
	task      task   // what the cells of the row have in common
	stdin     string // a path in the target that is standard input, "." the target itself
	// benignTold: the benign twin does it within the run, so that only the program can tell.
	benignTold bool
	// noControl says why the program cannot succeed unconfined.
	noControl string
	// noBenign says why there is nothing to allow.
	noBenign string
	// inside: the target is in the allowed directory, and part of it is denied.
	inside bool
	// exists: what is denied there exists at the start.
	exists   bool
	modes    []mode // nil: all, and with a fake root those that have one of these without
	onlyFake string // why the row is about a fake root alone
	noFake   string // why a fake root lets it happen
	// noTwin names programs whose benign twin is refused in some modes too, on purpose.
	noTwin     map[string][]mode
	run        func(m mode) result
	group      bool // the program is root of another group, so that the supervisor does every call
	everywhere bool // everything may be written but the target
	i386       bool
	race       bool
	needs      func() string // says what is missing; nil: nothing is needed
}

// The oracles.
type oracle int

const (
	tree      oracle = iota // something changed outside
	canary                  // a listener outside heard something
	passed                  // a listener outside got a descriptor
	process                 // a process outside was touched
	told                    // the program says so
	protected               // what is denied came to be there, or is another
	unowned                 // a file has rights on disk that are only to be shown
)

func names(families ...map[string]program) []string {
	var list []string
	for _, f := range families {
		list = slices.AppendSeq(list, maps.Keys(f))
	}
	slices.Sort(list)
	return list
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == name })
}

const noRefusal = "unconfined there is nobody to make the mistake"

// root is needed for the act, unconfined too.
func root() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "takes root, unconfined too"
}

func kernelMemory() string {
	if _, err := os.Stat("/proc/kcore"); err != nil {
		return err.Error()
	}
	return root()
}

var restrictions = []string{"openat2-symlinks", "openat2-magic", "openat2-xdev", "openat2-beneath", "openat2-in-root"}

var withoutLandlock = []string{"open-wronly", "open-append", "open-trunc", "open-creat", "open-tmpfile", "open-proc-cwd", "open-symlink",
	"open-path-reopen", "openat2", "truncate", "mkdir", "unlink", "rename-out-in", "rename-exchange", "link", "symlink", "bind", "chmod",
	"fchown", "utimensat", "fsetxattr", "ioctl-setflags"}

var i386Tree = []string{"open", "creat", "openat", "unlink", "chmod", "lchown16", "mkdir", "rename", "link", "symlink",
	"truncate", "truncate64", "utime", "setxattr"}

// catalogue is in the order of worth.
func catalogue() []row {
	isolated, bare := []mode{explain, mediate}, []mode{tier2, tier2mediate}
	rows := slices.Concat(fakeRows(), []row{
		{id: "T01", title: "the path changes in memory while the call is held", race: true,
			programs: []string{"race-open", "race-creat", "race-truncate", "race-chmod", "race-mkdir", "race-unlink"}},
		{id: "T02", title: "the same for each path of calls that have two", race: true,
			programs: []string{"race-rename-from", "race-rename-to", "race-renameat2-from", "race-renameat2-to", "race-link-from",
				"race-linkat-to", "race-symlink", "race-symlinkat"}},
		{id: "T06", title: "the last component is a symbolic link that changes", race: true, programs: []string{"race-link-swap", "race-appears"}},
		{id: "T07", title: "a directory on the way becomes a symbolic link", race: true, programs: []string{"race-dir-swap"}},
		{id: "T08", title: "a directory moves while .. is looked up", race: true, programs: []string{"race-dotdot"}},
		{id: "T10", title: "the number of a descriptor gets another file", race: true, programs: []string{"race-dup"}},
		{id: "T10b", title: "the same with an inherited descriptor", race: true, stdin: "f",
			programs: []string{"race-dup-stdin", "race-dup-setflag"}},
		{id: "T11", title: "the working directory changes", race: true, programs: []string{"race-chdir"}},
		{id: "T12", title: "the address of a connect changes", race: true, programs: []string{"race-connect"}, oracle: canary,
			noBenign: "both would be allowed"},

		{id: "P05", title: "an inherited read-only file is opened for writing", stdin: "f",
			programs: []string{"stdin-reopen-proc", "stdin-reopen-dev", "stdin-truncate", "stdin-fchmod", "stdin-chmod", "stdin-futimens", "stdin-fsetxattr"}},
		{id: "P06", title: "an inherited directory is written in", stdin: ".",
			programs: []string{"stdin-openat", "stdin-creat", "stdin-unlinkat", "stdin-fchdir", "stdin-mkdirat", "stdin-fchmodat"}},
		{id: "P16", title: "a denied place that is not there is made", inside: true, oracle: protected,
			programs: []string{"protected-mkdir", "protected-create", "protected-rename", "protected-link", "protected-symlink",
				"protected-carried", "protected-exchanged"}},
		{id: "P17", title: "a denied place is carried away by a rename", inside: true, exists: true, race: true, oracle: protected,
			programs: []string{"race-carried"}, noBenign: "without the denial nothing is to be seen"},
		{id: "P19", title: "a file outside gets a name inside",
			programs: []string{"link", "linkat-empty", "linkat-proc", "linkat-symlink", "link-in"}},
		{id: "P20", title: "files move over the border",
			programs: []string{"rename-out-in", "rename-in-out", "rename-over", "rename-dir", "rename-exchange", "rename-noreplace",
				"rename-whiteout", "rename-in-dir", "rename-root", "renameat-relative"}},
		{id: "P07", title: "the program's own file is overwritten", programs: []string{"overwrite-self"}, oracle: told,
			noControl: "ETXTBSY", noBenign: "ETXTBSY"},
		{id: "P24", title: "the first process's memory is opened", oracle: told, noBenign: "nothing of it is ever allowed",
			programs: []string{"init-memory-write", "init-memory-openat2", "init-environ", "init-ptrace"}},

		{id: "P25", title: "the kernel's memory is opened", oracle: told, programs: []string{"kernel-memory"}, needs: kernelMemory,
			noBenign: "nothing of it is ever allowed"},

		{id: "S01", title: "io_uring", oracle: told, programs: []string{"io-uring-setup", "io-uring-enter", "io-uring-register"}},
		{id: "S03", title: "openat2", programs: []string{"openat2", "openat2-long", "openat2-creat"}},
		{id: "S03b", title: "openat2 with every restriction", programs: restrictions},
		{id: "S04", title: "every generation of the calls that write", programs: append(without(names(treePrograms), "mknod-device"), "truncate", "creat", "open-legacy")},
		{id: "S05", title: "numbers that nobody knows", oracle: told, programs: []string{"unknown-numbers"}, noControl: "the kernel has none either"},
		{id: "S06", title: "32-bit calls from a 32-bit program", i386: true, programs: i386Tree},
		{id: "S06b", title: "32-bit calls: the filter", i386: true, oracle: told, noBenign: "see S06",
			programs: []string{"keyctl", "io_uring_setup", "socketcall-uevent", "socketcall-audit", "socketcall-packet", "socketcall-mptcp",
				"socketcall-raw", "socketcall-sctp", "socketcall-vsock"}},
		{id: "S07", title: "x32 numbers", oracle: told, programs: []string{"x32"}, noControl: "this kernel has none"},
		{id: "S08", title: "high bits in arguments", oracle: told, programs: []string{"tiocsti-high", "socket-high"}},
		{id: "S10", title: "clone3", oracle: told, programs: []string{"clone3"}},
		{id: "S16", title: "files by handle, and observers of the machine", oracle: told, programs: []string{"handle", "bpf", "perf-event-open", "userfaultfd", "memfd-secret"}},

		{id: "W01", title: "opens that write", programs: []string{"open-wronly", "open-rdwr", "open-append", "open-proc-cwd", "open-proc-root",
			"openat-relative", "open-symlink"}},
		{id: "W02", title: "opens that truncate, O_PATH and reopen", programs: []string{"open-trunc", "open-path-reopen"}},
		{id: "W04", title: "opens that create", programs: []string{"open-creat", "open-excl", "open-tmpfile", "open-dangling", "open-slashes"}},
		{id: "W05", title: "devices", programs: []string{"mknod-device"}, needs: root, noBenign: "a device is never allowed, see W05b"},
		{id: "W05b", title: "devices and file capabilities in the allowed directory", inside: true, needs: root, oracle: tree,
			programs: []string{"mknod-device", "setxattr-trusted", "setxattr-capability", "ioctl-immutable"},
			noBenign: "what a process outside of the initial user namespace may not do"},
		{id: "W07", title: "modes", programs: []string{"chmod", "fchmod", "fchmodat", "fchmodat2", "fchmodat2-empty", "chmod-proc"}},
		{id: "W08", title: "owners", programs: []string{"chown", "lchown", "fchown", "fchownat"}},
		{id: "W09", title: "times", programs: []string{"utime", "utimes", "futimesat", "utimensat", "futimens"}},
		{id: "W10", title: "extended attributes", programs: []string{"setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
			"fremovexattr", "setxattrat", "removexattrat"}},
		{id: "W11", title: "file flags", programs: []string{"ioctl-setflags", "ioctl-fssetxattr", "file-setattr"}},

		{id: "F01", title: "inherited descriptors are listed", oracle: told, programs: []string{"inherited-list"}, task: task{Decoys: true},
			noBenign: "see F02"},
		{id: "F02", title: "inherited descriptors are used", programs: []string{"inherited-use"}, task: task{Decoys: true}, noBenign: "none is to be inherited"},
		{id: "F05", title: "a descriptor is passed outside", oracle: passed, programs: []string{"unix-send-file"}},
		{id: "F10", title: "no room for the supervisor's descriptor", race: true, programs: []string{"race-table-full"}},

		{id: "X01", title: "processes outside are traced and read", oracle: told, benignTold: true,
			// Memory is written by ptrace; procfs is not open for it.
			noTwin:   map[string][]mode{"process-memory": {mediate, tier2, tier2mediate}},
			programs: []string{"ptrace-attach", "ptrace-seize", "process-vm-readv", "process-memory", "process-environ"}},
		{id: "X05", title: "processes outside get signals", oracle: process, benignTold: true,
			// What a descriptor or a structure names can be another process after the look at it.
			noTwin:   map[string][]mode{"pidfd-signal": bare, "fcntl-setown-ex": bare},
			programs: []string{"kill", "tgkill", "tkill", "sigqueue", "kill-stop", "pidfd-signal", "fcntl-setown", "fcntl-setown-ex"}},
		{id: "X06", title: "processes outside get limits", oracle: process, benignTold: true,
			programs: []string{"prlimit-nofile", "prlimit-fsize", "setpriority", "sched-setaffinity", "ioprio-set"}},
		{id: "F07", title: "descriptors of processes outside are taken", oracle: told, benignTold: true,
			noTwin: map[string][]mode{"pidfd-getfd": bare}, programs: []string{"pidfd-getfd"}},
		{id: "X08", title: "typing on the terminal", oracle: told, programs: []string{"tiocsti", "tioclinux"}},

		{id: "N01", title: "new namespaces", oracle: told, programs: []string{"clone-newuser", "clone-newuserns", "unshare-newuser", "unshare-high"}},
		{id: "N03", title: "mounts", oracle: told, programs: []string{"open-tree", "open-tree-clone", "open-tree-attr", "fsopen", "fsconfig",
			"fsmount", "fspick", "move-mount", "mount-setattr", "mount", "setns"}},
		{id: "N04", title: "the root directory is changed", oracle: told, programs: []string{"chroot"},
			noFake: "it may change its root: see R03"},

		{id: "K02", title: "TCP, also by Fast Open", oracle: canary, benignTold: true, modes: isolated,
			programs: []string{"tcp-connect", "tcp-fastopen", "tcp-fastopen-sendmsg", "tcp-fastopen-connect"}},
		{id: "K02b", title: "TCP with no network", oracle: canary, noBenign: "there is no network", task: task{Network: "none"},
			programs: []string{"tcp-connect", "tcp-fastopen", "tcp-fastopen-sendmsg", "tcp-fastopen-connect", "udp-send"}},
		{id: "K03", title: "MPTCP", oracle: canary, benignTold: true, modes: isolated, programs: []string{"tcp-mptcp"}},
		{id: "K03b", title: "MPTCP on the host's network", oracle: told, programs: []string{"socket-mptcp"}, task: task{Network: "host"}},
		{id: "K05", title: "UDP", oracle: canary, noBenign: "see K02", programs: []string{"udp-send"}},
		{id: "K06", title: "AF_VSOCK", oracle: told, programs: []string{"socket-vsock"}},
		{id: "K07", title: "other families", oracle: told, programs: []string{"socket-alg", "socket-uevent", "socket-audit", "socket-netfilter"}},
		{id: "K07b", title: "other families by socketcall, on the host's network", i386: true, oracle: told, noBenign: "see S06",
			task:     task{Network: "host"},
			programs: []string{"socketcall-uevent", "socketcall-audit", "socketcall-packet", "socketcall-mptcp", "socketcall-raw", "socketcall-sctp"}},
		{id: "K07c", title: "a raw socket by socketcall", i386: true, oracle: told, programs: []string{"socketcall-icmp"}, task: task{Network: "host"},
			noControl: "it takes CAP_NET_RAW", noBenign: "see S06"},
		{id: "K07d", title: "a unix socket by socketcall", i386: true, oracle: told, programs: []string{"socketcall-unix"}, noControl: "see S06",
			run: i386Socket},
		{id: "K08", title: "unix stream sockets with a path", oracle: canary, programs: []string{"unix-connect", "unix-relative", "unix-symlink"}},
		{id: "K09", title: "unix datagram sockets with a path", oracle: canary,
			programs: []string{"unix-dgram-connect", "unix-sendto", "unix-sendmsg", "unix-sendmmsg"}},
		{id: "K10", title: "abstract unix sockets", oracle: canary, benignTold: true,
			noTwin: map[string][]mode{"unix-abstract": bare}, programs: []string{"unix-abstract"}},
		{id: "K14", title: "System V shared memory", oracle: told, programs: []string{"shm-outside"}, modes: isolated},
		{id: "K14b", title: "System V shared memory, no namespaces", oracle: told, programs: []string{"shm-outside"},
			modes: bare, noBenign: "there is none at all"},

		{id: "Q01", title: "keys", oracle: told, programs: []string{"keyctl", "keyctl-describe", "add-key", "request-key", "session-parent"}},

		{id: "L01", title: "daemons outlive the run", run: daemons},
		{id: "L06", title: "the caller is killed", run: callerKilled},
		{id: "Z01", title: "the supervisor is killed at work", run: supervisorKilled},
		{id: "Z04", title: "the supervisor has no descriptors left", programs: []string{"everything"}, task: task{Starve: true},
			noBenign: "everything fails"},
		{id: "Z04b", title: "everything, not starved", programs: []string{"everything"}},
		{id: "Z05", title: "signals rain on the supervisor", oracle: told, programs: []string{"storm-opens"}, task: task{Storm: true},
			noControl: noRefusal, noBenign: "see Z06"},
		{id: "Z06", title: "a Go program makes many calls", oracle: told, programs: []string{"storm-opens"}, noControl: noRefusal,
			noBenign: "its every open is checked"},
		{id: "Z07", title: "the kernel lacks what nothing makes up for", run: lacksWall},
		{id: "Z08", title: "the kernel has no Landlock", task: task{Without: "landlock"}, programs: withoutLandlock},
		{id: "B01", title: "bad pointers, paths and descriptors", run: badInputs},
		{id: "E01", title: "no record is lost", run: recordsKept},
		{id: "E05", title: "no record is forged", run: recordsForged},
		{id: "X13", title: "a fork bomb", run: forkBomb},
	})
	for i := range rows {
		if rows[i].race {
			rows[i].task.Limit = 15 * time.Second
		}
	}
	return rows
}

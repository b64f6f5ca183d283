//go:build amd64

package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fakeRows are about what a fake root must not open: what is noted is noted and
// not done, and what may not be written is not even noted (judgeFake). Beside
// them every row of the catalogue is run with a fake root.
func fakeRows() []row {
	const own = "there is nothing to note"
	all := []string{"open-wronly", "open-creat", "open-tmpfile", "open-symlink", "open-proc-cwd", "open-proc-root", "open-path-reopen", "openat-relative",
		"truncate", "mkdir", "mknod", "symlink", "unlink", "rmdir", "rename", "linkat", "link", "rename-out-in", "rename-over", "rename-exchange",
		"chmod", "fchmod", "chmod-proc", "chown", "fchown", "lchown", "utimensat", "futimens", "setxattr", "fsetxattr", "removexattr", "ioctl-setflags"}
	races := []string{"race-open", "race-creat", "race-chmod", "race-unlink", "race-rename-to", "race-rename-from", "race-dup", "race-chdir", "race-link-swap",
		"race-dir-swap", "race-dotdot"}
	metadata := []string{"race-chown", "race-mknod", "race-setxattr", "race-removexattr", "race-utime"}
	chroots := []string{"chroot-outside", "chroot-descriptor", "chroot-dotdot", "chroot-twice", "chroot-deleted", "chroot-renamed", "race-chroot"}
	return []row{
		{id: "R01", title: "set-user-ID and set-group-ID bits reach the disk", onlyFake: own, inside: true, oracle: unowned,
			noBenign: "they never do", programs: names(specialPrograms)},
		{id: "R02", title: "devices, capabilities and owners reach the disk", onlyFake: own, inside: true, oracle: unowned,
			noControl: "takes root", noBenign: "they never do",
			programs: []string{"mknod-device", "mknod-devices", "setxattr-trusted", "setxattr-capability", "chown-other", "setgroups-chown"}},
		{id: "R03", title: "a changed root directory", onlyFake: own, noControl: "takes root", noBenign: "see N04", programs: chroots[:6]},
		{id: "R03b", title: "a root directory that is changed while a call is held", onlyFake: own, race: true, noControl: "takes root",
			noBenign: "see N04", programs: chroots[6:]},
		{id: "R04", title: "the path of a call on metadata changes", onlyFake: own, race: true, noControl: "see T01", noBenign: "see T01", programs: metadata},
		{id: "R05", title: "everything, by root of another group", onlyFake: own, group: true, programs: all},
		{id: "R05b", title: "races, by root of another group", onlyFake: own, group: true, race: true, programs: races},
		{id: "R06", title: "all may be written but the target", onlyFake: own, everywhere: true, programs: all},
		{id: "R06b", title: "races where all may be written but the target", onlyFake: own, everywhere: true, race: true, programs: races},
		{id: "R07", title: "owners of files that may not be written", onlyFake: own, oracle: told, noControl: "takes root", noBenign: "see W08",
			programs: []string{"chown-root", "chown-proc", "chown-cwd", "chown-link", "mknod-there", "setxattr-there", "acl-there"}},
	}
}

// special lists what no fake root is to make on disk: set-id bits, devices,
// root's attributes, and owners that are not the caller.
func special(dir string) snapshot {
	s := unusual(dir)
	all, _ := takeSnapshot(dir)
	for path, line := range all {
		var st unix.Stat_t
		_ = unix.Lstat(path, &st)
		foreign := st.Uid != uint32(os.Geteuid()) || st.Gid != uint32(os.Getegid())
		if foreign || st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 && st.Mode&unix.S_IFMT != unix.S_IFLNK {
			s[path] = line
		}
	}
	return s
}

const bits = 0o6755

func specialOpen(flags int) program {
	return func(t target) error {
		fd, err := unix.Open(t.in("new"), flags|unix.O_CREAT|unix.O_RDWR, bits)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
}

// specialPrograms give a file bits that would count for everybody.
var specialPrograms = map[string]program{
	"special-chmod":     acts(func(t target) (uintptr, error) { return call(unix.SYS_CHMOD, t.f(), bits) }),
	"special-fchmodat":  acts(func(t target) (uintptr, error) { return call(unix.SYS_FCHMODAT, unix.AT_FDCWD, t.f(), bits) }),
	"special-fchmodat2": acts(func(t target) (uintptr, error) { return call(unix.SYS_FCHMODAT2, unix.AT_FDCWD, t.f(), bits, 0) }),
	"special-fchmod":    byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_FCHMOD, fd, bits) }),
	"special-chmod-proc": byDescriptor(func(fd int) (uintptr, error) {
		return call(unix.SYS_CHMOD, "/proc/self/fd/"+itoa(fd), bits)
	}),
	"special-open":  specialOpen(0),
	"special-excl":  specialOpen(unix.O_EXCL),
	"special-creat": acts(func(t target) (uintptr, error) { return call(unix.SYS_CREAT, t.in("new"), bits) }),
	"special-openat2": func(t target) error {
		how := []uint64{unix.O_CREAT | unix.O_WRONLY, bits, 0}
		_, err := call(unix.SYS_OPENAT2, unix.AT_FDCWD, t.in("new"), unsafe.Pointer(&how[0]), 24)
		if err == unix.ENOSYS { // as programs do
			return specialOpen(0)(t)
		}
		return err
	},
	"special-openat2-restricted": func(t target) error {
		how := []uint64{unix.O_CREAT | unix.O_WRONLY, bits, unix.RESOLVE_NO_SYMLINKS}
		_, err := call(unix.SYS_OPENAT2, unix.AT_FDCWD, t.in("new"), unsafe.Pointer(&how[0]), 24)
		if err == unix.ENOSYS {
			return specialOpen(0)(t)
		}
		return err
	},
	"special-mknod":   acts(func(t target) (uintptr, error) { return call(unix.SYS_MKNOD, t.in("new"), unix.S_IFREG|bits, 0) }),
	"special-mknodat": acts(func(t target) (uintptr, error) { return call(unix.SYS_MKNODAT, unix.AT_FDCWD, t.in("new"), bits, 0) }),
	"special-fifo":    acts(func(t target) (uintptr, error) { return call(unix.SYS_MKNOD, t.in("new"), unix.S_IFIFO|bits, 0) }),
	"special-tmpfile": func(t target) error {
		fd, err := unix.Open(t.Dir, unix.O_TMPFILE|unix.O_RDWR, bits)
		if err != nil {
			return err
		}
		return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, t.in("new"), unix.AT_SYMLINK_FOLLOW)
	},
	// What is made in a directory with the bit has it too, if it is a directory.
	"special-inherited": func(t target) error {
		if err := unix.Chmod(t.in("d"), 0o2777); err != nil {
			return err
		}
		return unix.Mkdir(t.in("d/new"), 0o777)
	},
	// A socket has the mode that its descriptor was given before it had a name.
	"special-bind": func(t target) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		must(err)
		if err := unix.Fchmod(fd, bits); err != nil {
			return err
		}
		must(os.Chdir(t.Dir))
		return unix.Bind(fd, &unix.SockaddrUnix{Name: "new"})
	},
	"special-after-chown": func(t target) error {
		_ = unix.Chown(t.f(), 0, 0)
		return unix.Chmod(t.f(), bits)
	},
}

// rootPrograms are what takes root.
var rootPrograms = map[string]program{
	"mknod-devices": func(t target) error {
		for i, dev := range []uint64{unix.Mkdev(1, 3), unix.Mkdev(5, 1), unix.Mkdev(0, 1), unix.Mkdev(4095, 1<<20-1)} {
			if err := unix.Mknod(t.in("new"+itoa(i)), unix.S_IFCHR|0o666, int(dev)); err != nil {
				return err
			}
		}
		return nil
	},
	"chown-other": func(t target) error {
		must(unix.Chown(t.f(), 1, 1))
		must(unix.Lchown(t.in("l"), 2, 2))
		return unix.Chown(t.in("d"), 12345, 54321)
	},
	"setgroups-chown": func(t target) error {
		must(unix.Setgroups([]int{4, 27}))
		must(os.WriteFile(t.in("new"), nil, 0o644))
		return unix.Chown(t.in("new"), -1, 27)
	},
	"chown-root": func(target) error { return unix.Chown("/", 0, 0) },
	"chown-proc": byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_CHOWN, "/proc/self/fd/"+itoa(fd), 1, 1) }),
	"chown-cwd": func(t target) error {
		must(os.Chdir(t.Dir))
		return unix.Fchownat(unix.AT_FDCWD, "", 1, 1, unix.AT_EMPTY_PATH)
	},
	"chown-link": func(t target) error {
		must(os.Symlink(t.f(), t.scratch("way")))
		return unix.Chown(t.scratch("way"), 1, 1)
	},
	"mknod-there": func(t target) error { return unix.Mknod(t.in("new"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))) },
	"setxattr-there": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_SETXATTR, t.f(), "trusted.b", valuePointer(), 1, 0)
	}),
	"acl-there": func(t target) error {
		acl := []byte{2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 7, 0, 255, 255, 255, 255, 0x20, 0, 7, 0, 255, 255, 255, 255}
		return unix.Setxattr(t.f(), "system.posix_acl_access", acl, 0)
	},
}

// assault tries to change the file f by every kind of call that the supervisor
// may do in the program's stead, and tells whether one succeeded.
func assault(dir int, f string) error {
	var errs []error
	try := func(err error) { errs = append(errs, err) }
	try(scribble(unix.Openat(dir, f, unix.O_WRONLY|unix.O_APPEND, 0)))
	try(unix.Fchmodat(dir, f, 0o600, 0))
	try(unix.Fchownat(dir, f, 1, 1, 0))
	try(scribble(unix.Openat(dir, f+"-new", unix.O_WRONLY|unix.O_CREAT, 0o4755)))
	try(unix.Mkdirat(dir, f+"-dir", 0o755))
	try(unix.Mknodat(dir, f+"-dev", unix.S_IFCHR|0o666, 0x103))
	try(unix.Renameat(dir, f, dir, f+"-moved"))
	try(unix.Unlinkat(dir, f, 0))
	for _, err := range errs {
		if err == nil {
			return nil
		}
	}
	return errs[0]
}

// chrootPrograms try what a root directory of the program's own confuses.
var chrootPrograms = map[string]program{
	// The target becomes "/".
	"chroot-outside": func(t target) error {
		must(unix.Chroot(t.Dir))
		must(unix.Chdir("/"))
		_ = assault(unix.AT_FDCWD, "/f")
		_ = assault(unix.AT_FDCWD, "f")
		return assault(unix.AT_FDCWD, "/d/../f")
	},
	"chroot-descriptor": func(t target) error {
		fd, err := unix.Open(t.Dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		must(err)
		must(unix.Chroot(t.Home))
		must(unix.Fchdir(fd))
		_ = assault(unix.AT_FDCWD, "f")
		_ = assault(fd, "f")
		return assault(fd, "d/../../outside/f")
	},
	// The old way out: the working directory stays outside of the new root.
	"chroot-dotdot": func(t target) error {
		must(os.MkdirAll(t.scratch("a/b"), 0o755))
		must(os.Chdir(t.Home))
		must(unix.Chroot(t.scratch("a/b")))
		_ = assault(unix.AT_FDCWD, "../outside/f")
		return assault(unix.AT_FDCWD, "../../"+filepath.Base(filepath.Dir(t.Dir))+"/outside/f")
	},
	"chroot-twice": func(t target) error {
		must(os.MkdirAll(t.scratch("a/b"), 0o755))
		must(unix.Chroot(t.Home))
		must(unix.Chdir("/"))
		must(unix.Chroot("/a/b"))
		for range 20 {
			_ = unix.Chdir("..")
		}
		_ = unix.Chroot(".")
		return assault(unix.AT_FDCWD, t.f())
	},
	// The path of a root that is gone is the name of something else.
	"chroot-deleted": func(t target) error {
		must(os.Mkdir(t.scratch("r"), 0o755))
		must(os.Symlink(t.Dir, t.scratch("r (deleted)")))
		home, err := unix.Open(t.Home, unix.O_PATH|unix.O_DIRECTORY, 0)
		must(err)
		must(unix.Chroot(t.scratch("r")))
		fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
		must(err)
		must(unix.Fchdir(fd))
		must(unix.Unlinkat(home, "r", unix.AT_REMOVEDIR))
		_ = assault(unix.AT_FDCWD, "/f")
		return assault(fd, "f")
	},
	// Inside, a path is written as an allowed one outside.
	"chroot-renamed": func(t target) error {
		root := t.scratch("r")
		must(os.MkdirAll(root+filepath.Dir(t.Home), 0o755))
		must(os.Symlink("/proc/self/cwd", root+t.Home))
		must(os.Chdir(t.Dir))
		must(unix.Chroot(root))
		_ = assault(unix.AT_FDCWD, t.Home+"/f")
		return assault(unix.AT_FDCWD, "f")
	},
	"race-chroot": func(t target) error {
		good, bad := t.places()
		must(furnish2(good))
		old, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
		must(err)
		inBad := false
		change := func(round int) {
			_ = unix.Chroot(bad)
			inBad = true
			pause(round % 37)
			_ = unix.Fchdir(old)
			_ = unix.Chroot(".")
			_ = unix.Chroot(good)
			inBad = false
			pause(round % 41)
			_ = unix.Fchdir(old)
			_ = unix.Chroot(".")
		}
		contest(change, func() bool { return inBad }, func() {
			_ = scribble(unix.Open("/f", unix.O_WRONLY|unix.O_APPEND, 0))
			_ = unix.Chmod("/f", 0o600)
			_ = unix.Chown("/f", 1, 1)
			_ = scribble(unix.Open("/new", unix.O_WRONLY|unix.O_CREAT, 0o4600))
			_ = unix.Unlink("/new")
		})
		return nil
	},
}

// metadataRaces are the races of calls that a fake root has done by the supervisor.
var metadataRaces = map[string]program{
	"race-chown": racePath("/f", nothing, func(p unsafe.Pointer, _ string) { call(unix.SYS_CHOWN, p, 1, 1) }),
	"race-mknod": racePath("/new", remove, func(p unsafe.Pointer, _ string) { call(unix.SYS_MKNOD, p, unix.S_IFCHR|0o600, 0x103) }),
	"race-setxattr": racePath("/f", nothing, func(p unsafe.Pointer, _ string) {
		call(unix.SYS_SETXATTR, p, "user.b", valuePointer(), 1, 0)
	}),
	"race-removexattr": racePath("/f", nothing, func(p unsafe.Pointer, _ string) { call(unix.SYS_REMOVEXATTR, p, "user.a") }),
	"race-utime":       racePath("/f", nothing, func(p unsafe.Pointer, _ string) { call(unix.SYS_UTIMENSAT, unix.AT_FDCWD, p, timespecs(), 0) }),
}

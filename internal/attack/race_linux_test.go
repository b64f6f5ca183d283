//go:build amd64

package attack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// raceTime is how long an arm of a race tries, and twinTime how long a benign
// twin does, which has to succeed only once.
const (
	raceTime = 300 * time.Millisecond
	twinTime = 60 * time.Millisecond
	// leastTries are made also where the machine is busy, and a race goes on for
	// patience until something changed during so many of them.
	leastTries   = 20
	leastWindows = 20
	patience     = 10 * time.Second
)

// flipping is a path in memory that another thread changes between two strings
// of the same length, in one store: no third string is ever seen.
type flipping struct {
	buf       []uint64
	word      *uint64
	good, bad uint64
}

func newFlipping(good, bad string) *flipping {
	first := 0
	for good[first] == bad[first] {
		first++
	}
	pad := strings.Repeat("/", (8-first%8)%8)
	good, bad = pad+good, pad+bad
	at := (first + len(pad)) / 8
	f := &flipping{buf: make([]uint64, len(good)/8+2)}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&f.buf[0])), 8*len(f.buf))
	f.word = &f.buf[at]
	copy(bytes, bad)
	f.bad = *f.word
	copy(bytes, good)
	f.good = *f.word
	if rest := min(8*(at+1), len(good)); good[rest:] != bad[rest:] {
		panic("the paths differ in more than a word: " + good + " " + bad)
	}
	return f
}

func (f *flipping) pointer() unsafe.Pointer { return unsafe.Pointer(&f.buf[0]) }

func (f *flipping) isBad() bool { return atomic.LoadUint64(f.word) == f.bad }

var contestTime = raceTime

// contest runs try against disturb, each on a thread of its own, and tells how
// often something changed during a try.
func contest(disturb func(round int), state func() bool, try func()) {
	runtime.GOMAXPROCS(4)
	var stop atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		runtime.LockOSThread()
		for round := 0; !stop.Load(); round++ {
			disturb(round)
		}
	}()
	runtime.LockOSThread()
	tries, windows := 0, 0
	for start := time.Now(); tries < leastTries || time.Since(start) < contestTime || windows < leastWindows && time.Since(start) < patience; tries++ {
		before := state()
		try()
		if state() != before {
			windows++
		}
	}
	stop.Store(true)
	<-stopped
	fmt.Printf("tries=%d windows=%d\n", tries, windows)
}

// flip is a disturbance: the two strings, for times that vary.
func (f *flipping) flip(round int) {
	pause(round % 97)
	atomic.StoreUint64(f.word, f.bad)
	pause(round % 61)
	atomic.StoreUint64(f.word, f.good)
}

func pause(n int) {
	for range n * 40 {
		_ = atomic.LoadUint64(&spins)
	}
}

var spins uint64

// places are the two directories of a race: one in which the act is allowed, and the target.
func (t target) places() (good, bad string) {
	return filepath.Join(filepath.Dir(t.Dir), "allowed"), t.Dir
}

// racePath races a call of one path, which is flipped.
func racePath(tail string, prepare func(good string), do func(path unsafe.Pointer, good string)) program {
	return func(t target) error {
		good, bad := t.places()
		must(furnish2(good))
		f := newFlipping(good+tail, bad+tail)
		contest(f.flip, f.isBad, func() {
			prepare(good)
			do(f.pointer(), good)
		})
		return nil
	}
}

// furnish2 gives the allowed directory of a race what the target has.
func furnish2(dir string) error {
	if _, err := os.Lstat(dir + "/f"); err == nil {
		return nil
	}
	return errors.Join(os.MkdirAll(dir+"/d", 0o755), os.WriteFile(dir+"/f", []byte("x"), 0o644))
}

func nothing(string) {}

// restore makes the file again that the last try has taken away.
func restore(good string) {
	_ = unix.Unlink(good + "/moved")
	fd, err := unix.Open(good+"/f", unix.O_CREAT|unix.O_RDONLY, 0o644)
	if err == nil {
		unix.Close(fd)
	}
}

func remove(good string) { _ = unix.Unlink(good + "/new") }

var racePrograms = map[string]program{
	"race-open": racePath("/f", nothing, func(p unsafe.Pointer, _ string) {
		fd, err := call(unix.SYS_OPENAT, unix.AT_FDCWD, p, unix.O_WRONLY|unix.O_APPEND, 0)
		_ = scribble(int(fd), err)
	}),
	"race-creat": racePath("/new", nothing, func(p unsafe.Pointer, _ string) {
		fd, err := call(unix.SYS_OPENAT, unix.AT_FDCWD, p, unix.O_WRONLY|unix.O_CREAT, 0o600)
		_ = scribble(int(fd), err)
	}),
	"race-chmod": racePath("/f", nothing, func(p unsafe.Pointer, _ string) { call(unix.SYS_CHMOD, p, 0o600) }),
	"race-mkdir": racePath("/new", func(good string) { _ = unix.Rmdir(good + "/new") },
		func(p unsafe.Pointer, _ string) { call(unix.SYS_MKDIR, p, 0o700) }),
	"race-truncate": racePath("/f", nothing, func(p unsafe.Pointer, _ string) { call(unix.SYS_TRUNCATE, p, 1) }),
	"race-unlink":   racePath("/f", restore, func(p unsafe.Pointer, _ string) { call(unix.SYS_UNLINK, p) }),

	"race-rename-from": racePath("/f", restore, func(p unsafe.Pointer, good string) { call(unix.SYS_RENAME, p, good+"/moved") }),
	"race-rename-to": racePath("/new", restore, func(p unsafe.Pointer, good string) {
		call(unix.SYS_RENAME, good+"/f", p)
	}),
	"race-renameat2-from": racePath("/f", restore, func(p unsafe.Pointer, good string) {
		call(unix.SYS_RENAMEAT2, unix.AT_FDCWD, p, unix.AT_FDCWD, good+"/moved", 0)
	}),
	"race-renameat2-to": racePath("/new", restore, func(p unsafe.Pointer, good string) {
		call(unix.SYS_RENAMEAT2, unix.AT_FDCWD, good+"/f", unix.AT_FDCWD, p, 0)
	}),
	"race-link-from": racePath("/f", func(good string) { _ = unix.Unlink(good + "/alias") }, func(p unsafe.Pointer, good string) {
		call(unix.SYS_LINK, p, good+"/alias")
	}),
	"race-linkat-to": racePath("/new", remove, func(p unsafe.Pointer, good string) {
		call(unix.SYS_LINKAT, unix.AT_FDCWD, good+"/f", unix.AT_FDCWD, p, 0)
	}),
	"race-symlink":   racePath("/new", remove, func(p unsafe.Pointer, _ string) { call(unix.SYS_SYMLINK, "f", p) }),
	"race-symlinkat": racePath("/new", remove, func(p unsafe.Pointer, _ string) { call(unix.SYS_SYMLINKAT, "f", unix.AT_FDCWD, p) }),

	"race-link-swap":   raceLinkSwap,
	"race-appears":     raceAppears,
	"race-dir-swap":    raceDirSwap,
	"race-dotdot":      raceDotDot,
	"race-chdir":       raceChdir,
	"race-dup":         raceDup,
	"race-dup-stdin":   raceDupStdin,
	"race-table-full":  raceTableFull,
	"race-carried":     raceCarried,
	"race-connect":     raceConnect,
	"race-dup-setflag": raceDupSetflag,
}

// swap exchanges two names for ever.
func swap(a, b string) func(int) {
	return func(round int) {
		pause(round % 31)
		_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	}
}

// raceLinkSwap: the last component is a symbolic link that leads here and there.
func raceLinkSwap(t target) error {
	good, bad := t.places()
	must(furnish2(good))
	a, b := t.scratch("swap-a"), t.scratch("swap-b")
	must(os.Symlink(good+"/f", a))
	must(os.Symlink(bad+"/f", b))
	contest(swap(a, b), leadsTo(a, bad), func() {
		_ = scribble(unix.Open(a, unix.O_WRONLY|unix.O_APPEND, 0))
		_ = scribble(unix.Open(a+"-new", unix.O_WRONLY|unix.O_CREAT, 0o600))
	})
	return nil
}

// raceAppears: where nothing was, a symbolic link comes to be, and goes again.
func raceAppears(t target) error {
	_, bad := t.places()
	name := t.scratch("appears")
	appear := func(round int) {
		pause(round % 97)
		_ = unix.Symlink(bad+"/f", name)
		pause(round % 61)
		_ = unix.Unlink(name)
	}
	contest(appear, leadsTo(name, bad), func() {
		_ = scribble(unix.Open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_APPEND, 0o600))
	})
	return nil
}

func leadsTo(link, dir string) func() bool {
	return func() bool {
		content, _ := os.Readlink(link)
		return strings.HasPrefix(content, dir)
	}
}

// raceDirSwap: a directory on the way is exchanged for a symbolic link.
func raceDirSwap(t target) error {
	_, bad := t.places()
	a, b := t.scratch("way"), t.scratch("way-link")
	must(os.Mkdir(a, 0o755))
	must(os.WriteFile(a+"/f", nil, 0o644))
	must(os.Symlink(bad, b))
	contest(swap(a, b), leadsTo(a, bad), func() {
		_ = scribble(unix.Open(a+"/f", unix.O_WRONLY|unix.O_APPEND, 0))
		_ = scribble(unix.Open(a+"/new", unix.O_WRONLY|unix.O_CREAT, 0o600))
		_ = unix.Chmod(a+"/f", 0o600)
	})
	return nil
}

// raceDotDot: the directory from which ".." starts moves up.
func raceDotDot(t target) error {
	parent := filepath.Dir(t.Dir)
	deep, high := parent+"/allowed/m/n", parent+"/allowed/n"
	must(os.MkdirAll(parent+"/allowed/outside", 0o755))
	_ = os.WriteFile(parent+"/allowed/outside/f", nil, 0o644)
	must(os.MkdirAll(deep, 0o755))
	must(os.Chdir(deep))
	up := func(round int) {
		pause(round % 31)
		_ = unix.Rename(deep, high)
		pause(round % 17)
		_ = unix.Rename(high, deep)
	}
	contest(up, func() bool { return unix.Access(high, 0) == nil }, func() {
		_ = scribble(unix.Open("../../outside/f", unix.O_WRONLY|unix.O_APPEND, 0))
		_ = unix.Chmod("../../outside/f", 0o600)
	})
	return nil
}

// raceChdir: the working directory, which threads share, changes.
func raceChdir(t target) error {
	good, bad := t.places()
	must(furnish2(good))
	var where atomic.Bool
	move := func(round int) {
		_ = unix.Chdir(bad)
		where.Store(true)
		pause(round % 37)
		_ = unix.Chdir(good)
		where.Store(false)
		pause(round % 41)
	}
	contest(move, where.Load, func() {
		_ = scribble(unix.Open("f", unix.O_WRONLY|unix.O_APPEND, 0))
		_ = unix.Chmod("f", 0o600)
	})
	return nil
}

// dupRace puts one and the other file under the number that a call names.
func dupRace(good, bad int, try func(fd int)) {
	const number = 700
	var which atomic.Bool
	exchange := func(round int) {
		_ = unix.Dup3(bad, number, 0)
		which.Store(true)
		pause(round % 37)
		_ = unix.Dup3(good, number, 0)
		which.Store(false)
		pause(round % 41)
	}
	must(unix.Dup3(good, number, 0))
	contest(exchange, which.Load, func() { try(number) })
}

func openRead(path string) int {
	fd, err := unix.Open(path, unix.O_RDONLY, 0)
	must(err)
	return fd
}

func changeMetadata(fd int) {
	_ = unix.Fchmod(fd, 0o600)
	_ = unix.Fsetxattr(fd, "user.b", []byte("2"), 0)
	_, _ = call(unix.SYS_UTIMENSAT, fd, uintptr(0), timespecs(), 0)
}

// raceDup: the descriptor of a call by descriptor is exchanged (T10).
func raceDup(t target) error {
	good, bad := t.places()
	must(furnish2(good))
	dupRace(openRead(good+"/f"), openRead(bad+"/f"), changeMetadata)
	return nil
}

// raceDupStdin does so with an inherited descriptor, which is on a mount of the host.
func raceDupStdin(t target) error {
	good, _ := t.places()
	must(furnish2(good))
	dupRace(openRead(good+"/f"), 0, changeMetadata)
	return nil
}

func raceDupSetflag(t target) error {
	good, _ := t.places()
	must(furnish2(good))
	dupRace(openRead(good+"/f"), 0, func(fd int) {
		_, _ = call(unix.SYS_IOCTL, fd, unix.FS_IOC_SETFLAGS, unsafe.Pointer(&[1]uint32{0x80}))
	})
	return nil
}

// raceTableFull: there is no room for the descriptor while the path is an allowed
// one, and room when it is not (F10).
func raceTableFull(t target) error {
	good, bad := t.places()
	must(furnish2(good))
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}))
	last := 0
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		last = fd
	}
	f := newFlipping(good+"/f", bad+"/f")
	room := func(round int) {
		pause(round % 97)
		atomic.StoreUint64(f.word, f.bad)
		unix.Close(last)
		pause(round % 61)
		_ = unix.Dup3(0, last, 0)
		atomic.StoreUint64(f.word, f.good)
	}
	contest(room, f.isBad, func() {
		fd, err := call(unix.SYS_OPENAT, unix.AT_FDCWD, f.pointer(), unix.O_WRONLY|unix.O_APPEND, 0)
		if err == nil {
			unix.Write(int(fd), []byte("hacked"))
			if int(fd) != last {
				unix.Close(int(fd))
			}
		}
	})
	return nil
}

// raceCarried: a rename whose source becomes the directory that holds a denied one.
func raceCarried(t target) error {
	must(os.MkdirAll(t.in("cXnfig"), 0o755))
	f := newFlipping(t.in("cXnfig"), t.in("config"))
	contest(f.flip, f.isBad, func() {
		if _, err := call(unix.SYS_RENAME, f.pointer(), t.in("moved")); err != nil {
			return
		}
		if unix.Access(t.in("moved/hooks"), 0) == nil {
			_ = os.MkdirAll(t.in(protect), 0o755)
			return
		}
		_ = unix.Rename(t.in("moved"), t.in("cXnfig"))
	})
	return nil
}

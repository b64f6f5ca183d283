// Package made makes up the record of a build that never was, for tests and
// benchmarks: a configure script, then make with several jobs that compile, link
// and install.
package made

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/catbox-go/catbox/record"
)

// Build says how big the build is.
type Build struct {
	// Checks are configure's, Sources the files that are compiled, Jobs how many at once.
	Checks, Sources, Jobs int
	// Headers is how many each compilation reads, of a pool ten times that.
	Headers int
	// Seed is for what differs between two builds of one kind.
	Seed uint64
	// Flag is an argument for the compiler, Extra a variable of the environment.
	Flag, Extra string
}

// Hello is a small build.
var Hello = Build{Checks: 40, Sources: 12, Jobs: 2, Headers: 30, Flag: "-O2"}

// Zero is when every build began.
var Zero = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

type maker struct {
	Build
	send   func(record.Event) error
	err    error
	rand   *rand.Rand
	now    time.Duration
	pid    int
	nextID int64
	images int64
	last   time.Duration
	made   map[string]bool
}

// Each gives the events of the build.
func (b Build) Each(f func(record.Event) error) error {
	m := &maker{Build: b, send: f, rand: rand.New(rand.NewPCG(1, b.Seed)), pid: 4000, made: map[string]bool{}}
	m.run()
	return m.err
}

func (m *maker) event(e record.Event) {
	if m.err == nil {
		m.err = m.send(e)
	}
}

func at(d time.Duration) time.Time { return Zero.Add(d) }

const dir = "/home/me/hello-2.10"

var env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/home/me", "LANG=C.UTF-8", "API_TOKEN=secret"}

func (m *maker) run() {
	args := []string{"sh", "-c", "./configure --prefix=/usr && make -j" + fmt.Sprint(m.Jobs) + " install DESTDIR=$PWD/pkg"}
	m.event(record.Start{Time: at(0), Args: args, Dir: dir, Version: "1.0", System: "Linux 6.18.0 x86_64", Detail: "full"})
	top := m.process(proc{}, "/usr/bin/dash", args)
	m.configure(top)
	m.make(top)
	m.event(record.Network{Image: top.image, Operation: record.Connect, Destination: "192.0.2.1:443", Errno: syscall.ENETUNREACH, Count: 2, First: at(m.now), Last: at(m.now)})
	m.event(record.Violation{
		Seq: 1, Time: at(m.now), Operation: record.Write, Call: "openat", Path: "/home/me/.bashrc", Canonical: "/home/me/.bashrc",
		Errno: syscall.EACCES, Action: record.Denied, Program: "sh", PID: top.pid,
	})
	m.event(record.Blind{Time: at(m.now), What: "what io_uring would have done", By: "io_uring refused", Process: top.id, Count: 1})
	m.exit(top, m.now+5*time.Millisecond, 0)
	m.event(record.End{Time: at(m.now + 5*time.Millisecond), Calls: 123456})
}

// proc is a process as the maker knows it.
type proc struct {
	id, image int64
	pid       int
	began     time.Duration
}

func (m *maker) process(parent proc, path string, args []string) proc {
	m.nextID++
	m.pid++
	p := proc{id: m.nextID, pid: m.pid, began: m.now}
	m.event(record.Process{ID: p.id, Parent: parent.id, PID: p.pid, Time: at(m.now)})
	if parent.id != 0 {
		m.images++
		m.event(record.Image{ID: m.images, Process: p.id, Previous: parent.image, Forked: true, Time: at(m.now), Path: "/usr/bin/dash", Args: []string{"sh"}, Dir: dir, EnvBase: parent.image})
		m.now += 200 * time.Microsecond
	}
	m.images++
	p.image = m.images
	i := record.Image{ID: p.image, Process: p.id, Time: at(m.now), Path: path, Args: args, Dir: dir, Interpreters: []string{"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"}}
	if parent.id == 0 {
		i.Env = env
		if m.Extra != "" {
			i.Env = append(i.Env[:len(i.Env):len(i.Env)], m.Extra)
		}
	} else {
		i.Previous, i.EnvBase, i.Searched = m.images-1, 1, m.rand.IntN(3)
	}
	m.event(i)
	m.access(p, record.ClassExecute, path)
	m.access(p, record.ClassExecute, i.Interpreters[0])
	m.access(p, record.ClassRead, "/etc/ld.so.cache")
	m.access(p, record.ClassRead, "/usr/lib/x86_64-linux-gnu/libc.so.6")
	m.access(p, record.ClassSymlink, "/lib64")
	return p
}

func (m *maker) access(p proc, class record.Class, path string) {
	m.full(record.Access{Image: p.image, Class: class, Path: path, Made: m.made[path]})
}

func (m *maker) full(a record.Access) {
	if a.Class == record.ClassCreate {
		m.made[a.Path] = true
	}
	if a.Class == record.ClassRename {
		m.made[a.To] = true
	}
	if a.Class == record.ClassAbsent {
		a.Errno = syscall.ENOENT
	}
	m.now += time.Microsecond
	a.Count, a.First = max(a.Count, 1), at(m.now)
	a.Last = a.First.Add(time.Duration(a.Count-1) * time.Microsecond)
	m.event(a)
}

func (m *maker) exit(p proc, when time.Duration, status int) {
	length := when - p.began
	m.event(record.Exit{
		Process: p.id, Time: at(when), Known: true, Status: status, User: length * 6 / 10, System: length / 10,
		MaxRSS: 4000 + length.Milliseconds()*20,
	})
}

// work lets some time pass.
func (m *maker) work(about time.Duration) time.Duration {
	return time.Duration(float64(about) * (0.5 + m.rand.Float64()))
}

func (m *maker) configure(top proc) {
	sh := m.process(top, dir+"/configure", []string{"./configure", "--prefix=/usr"})
	for i := range m.Checks {
		m.check(sh, i)
	}
	for _, name := range []string{"config.log", "config.status", "config.h", "Makefile"} {
		m.access(sh, record.ClassCreate, dir+"/"+name)
	}
	m.exit(sh, m.now, 0)
}

// check is one of configure's: a file is made, compiled and removed, and sed is asked.
func (m *maker) check(sh proc, i int) {
	source := dir + "/conftest.c"
	m.access(sh, record.ClassCreate, source)
	header := fmt.Sprintf("/usr/include/feature%d.h", i)
	m.compile(sh, 0, source, dir+"/conftest.o", []string{header}, i%3 == 0, 12*time.Millisecond)
	m.access(sh, record.ClassDelete, dir+"/conftest.o")
	m.access(sh, record.ClassDelete, source)
	sed := m.process(sh, "/usr/bin/sed", []string{"sed", "s/x/y/"})
	m.now += m.work(2 * time.Millisecond)
	m.exit(sed, m.now, 0)
}

// compile runs gcc, cc1 and as. With a start of its own it moves the clock back there.
func (m *maker) compile(parent proc, length time.Duration, source, object string, headers []string, fails bool, about time.Duration) time.Duration {
	args := []string{"gcc", "-DHAVE_CONFIG_H", "-I.", m.Flag, "-c", "-o", object, source}
	gcc := m.process(parent, "/usr/bin/x86_64-linux-gnu-gcc-12", args)
	temporary := fmt.Sprintf("/tmp/cc%06x.s", m.rand.IntN(1<<24))
	m.access(gcc, record.ClassCreate, temporary)
	cc1 := m.process(gcc, "/usr/libexec/gcc/x86_64-linux-gnu/12/cc1", []string{"/usr/libexec/gcc/x86_64-linux-gnu/12/cc1", "-quiet", source, "-o", temporary})
	m.event(record.Call{Image: cc1.image, Name: "sysinfo", Mark: "host", Count: 3, First: at(m.now), Last: at(m.now)})
	m.access(cc1, record.ClassRead, source)
	for _, h := range headers {
		m.access(cc1, record.ClassAbsent, dir+"/"+h[len("/usr/include/"):])
		m.access(cc1, record.ClassAbsent, "/usr/local/include/"+h[len("/usr/include/"):])
		if fails {
			m.access(cc1, record.ClassAbsent, h)
		} else {
			m.access(cc1, record.ClassRead, h)
		}
	}
	m.access(cc1, record.ClassWrite, temporary)
	m.now += m.work(about)
	m.exit(cc1, m.now, status(fails))
	if !fails {
		as := m.process(gcc, "/usr/bin/x86_64-linux-gnu-as", []string{"as", "--64", "-o", object, temporary})
		m.access(as, record.ClassRead, temporary)
		m.access(as, record.ClassCreate, object)
		m.now += m.work(about / 4)
		m.exit(as, m.now, 0)
	}
	m.access(gcc, record.ClassDelete, temporary)
	m.exit(gcc, m.now, status(fails))
	return m.now
}

func status(fails bool) int {
	if fails {
		return 1
	}
	return 0
}

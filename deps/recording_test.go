package deps

import (
	"path/filepath"
	"syscall"

	"github.com/catbox-go/catbox/record"
)

// recording makes up the events of a run.
type recording struct {
	events    []record.Event
	processes int64
	images    int64
}

// process is one that ran a program.
type process struct {
	*recording
	id, image int64
}

func newRecording(dir string, args ...string) *recording {
	return &recording{events: []record.Event{record.Start{Args: args, Dir: dir, Detail: "full"}}}
}

func (r *recording) each(f func(record.Event) error) error {
	for _, e := range r.events {
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) add(e record.Event) { r.events = append(r.events, e) }

// run starts the command: the first process.
func (r *recording) run(path string, args ...string) process {
	r.processes++
	r.add(record.Process{ID: r.processes})
	return process{r, r.processes, 0}.exec(path, args...)
}

// exec replaces the program.
func (p process) exec(path string, args ...string) process {
	p.images++
	p.add(record.Image{ID: p.images, Process: p.id, Previous: p.image, Path: path, Args: args})
	p.image = p.images
	p.did(record.ClassExecute, path)
	return p
}

// spawn forks and executes a program.
func (p process) spawn(path string, args ...string) process {
	child := p.fork()
	return child.exec(path, args...)
}

func (p process) fork() process {
	p.processes++
	p.images++
	p.add(record.Process{ID: p.processes, Parent: p.id})
	p.add(record.Image{ID: p.images, Process: p.processes, Previous: p.image, Forked: true})
	return process{p.recording, p.processes, p.images}
}

func (p process) did(class record.Class, paths ...string) process {
	for _, path := range paths {
		a := record.Access{Image: p.image, Class: class, Path: path, Count: 1}
		if class == record.ClassAbsent {
			a.Errno = syscall.ENOENT
		}
		p.add(a)
	}
	return p
}

func (p process) read(paths ...string) process { return p.did(record.ClassRead, paths...) }

// link follows a symbolic link and then reads the file.
func (p process) link(path, to string) process {
	p.add(record.Access{Image: p.image, Class: record.ClassSymlink, Path: path, To: to, Count: 1})
	return p.read(filepath.Join(filepath.Dir(path), to))
}

// preload runs a program with a library that LD_PRELOAD names, which ends without a version.
func (p process) preload(name string) {
	child := p.fork()
	child.images++
	child.add(record.Image{ID: child.images, Process: child.id, Previous: child.image, Path: "/usr/bin/tool", Args: []string{"tool"}, Env: []string{"LD_PRELOAD=libother.so:" + name}})
	child.image = child.images
	child.read("/usr/lib/preload/" + name)
}

// list lists a directory and reads some of its files.
func (p process) list(dir string, names ...string) process {
	p.add(record.Access{Image: p.image, Class: record.ClassEnumerate, Path: dir, Dir: true, Count: 1})
	for _, name := range names {
		p.read(dir + "/" + name)
	}
	return p
}

const libraries = "/usr/lib/x86_64-linux-gnu/"

// compile has gcc make an object of files that are read.
func (p process) compile(object string, headers ...string) {
	gcc := p.spawn("/bin/sh", "sh", "-c", "gcc -c").exec("/usr/bin/x86_64-linux-gnu-gcc-12", "gcc", "-c")
	gcc.did(record.ClassExecute, "/usr/bin/gcc")
	gcc.spawn("/usr/lib/gcc/cc1", "/usr/lib/gcc/cc1", "-quiet").
		link(libraries+"libmpfr.so.6", "libmpfr.so.6.2.0").
		read("/usr/include/stdio.h").read(headers...)
	gcc.spawn("/usr/bin/as", "as").did(record.ClassCreate, object)
}

// build is a build in which every package of testdata/root.txtar has its part.
func build() *recording {
	r := newRecording("/src/hello", "sh", "-c", "./configure && make")
	sh := r.run("/bin/sh", "sh", "-c", "./configure && make")
	configure(sh.spawn("/src/hello/configure", "./configure"))
	made(sh.spawn("/usr/bin/make", "make"))
	r.add(record.End{})
	return r
}

func configure(c process) {
	c.did(record.ClassProbe, "/usr/bin/prober")
	gcc := c.spawn("/usr/bin/x86_64-linux-gnu-gcc-12", "gcc", "conftest.c")
	gcc.spawn("/usr/lib/gcc/cc1", "cc1").
		did(record.ClassAbsent, "/usr/local/include/zlib.h", "/usr/include/x86_64-linux-gnu/zlib.h", "/usr/include/zlib.h").
		did(record.ClassAbsent, "/usr/include/ac_nonexistent.h", "/usr/include/curses.h", "/usr/local/include/foo.h")
	c.did(record.ClassAbsent, "/usr/local/bin/stray", "/usr/bin/flex", "/usr/local/bin/flex", "/usr/bin/grealtool", "/usr/bin/oslevel")
	c.spawn("/usr/bin/stray", "stray")
	c.spawn("/usr/bin/aclocal", "aclocal").
		list("/usr/share/aclocal", "m4only.m4", "m4used.m4", "m4other.m4", "m4more.m4", "m4most.m4").
		spawn("/usr/bin/m4", "m4").read("/usr/share/aclocal/m4used.m4")
}

func made(m process) {
	m.compile("/src/hello/a.o", "/usr/include/foo.h", "/usr/include/real.h", "/usr/include/small.h", "/usr/include/gtk.h", "/usr/include/glib.h")
	m.compile("/src/hello/b.o", "/usr/include/foo.h", "/usr/include/jpeg.h", "/usr/include/shared.h")
	for range 2 {
		m.compile("/src/hello/conftest.o", "/usr/include/foo.h")
	}
	ld := m.spawn("/usr/bin/ld", "ld").link(libraries+"libfoo.so", "libfoo.so.1.2.3")
	ld.did(record.ClassAbsent, libraries+"libfoo.a", "/usr/lib/libnone.so", "/usr/lib/libnone.a", "/usr/bin/gnm")
	ld.did(record.ClassCreate, "/src/hello/hello")
	m.spawn("/usr/bin/realtool", "realtool").read("/etc/locale.alias")
	m.preload("libpreload-any.so")
	m.spawn("/usr/bin/tool", "tool")
	m.spawn("/usr/bin/nearly", "nearly")
	m.spawn("/usr/bin/msgfmt", "msgfmt")
	helper := m.spawn("/usr/bin/helper", "helper").did(record.ClassAbsent, "/usr/bin/suggested").read("/usr/bin/helper", "/usr/share/nicety.pm")
	helper.spawn("/usr/bin/msgfmt", "msgfmt")
	helper.spawn("/bin/sh", "sh", "-c", "cp").exec("/usr/bin/stat", "cp").read("/usr/share/misc/config.guess")
	m.spawn("/usr/bin/as", "ar").list("/usr/lib/plugins", "two.so").link("/usr/lib/plugins/one.so", "../one/one.so")
	m.list("/usr/share/unneeded-dev")
	m.spawn("/usr/bin/python3.11", "python3", "gen.py").read("/usr/lib/python3/dist-packages/__pycache__/thing.cpython-311.pyc", "/usr/local/lib/own.py")
	m.list("/var/lib/dpkg").list("/usr/include")
	m.list("/usr/share/onedir", "a.x", "b.x", "c.x", "d.x").read("/usr/share/foo/data")
	m.add(record.Access{Image: m.image, Class: record.ClassProbe, Path: "/usr/include", Dir: true})
	m.add(record.Access{Image: m.image, Class: record.ClassRead, Path: "/etc/locked", Errno: syscall.EACCES})
	m.spawn("/usr/bin/ld", "ld").link(libraries+"liblinkonly.so", "libfoo.so.1.2.3")
	child := m.fork() // follows the link, and then executes what it leads to
	child.add(record.Access{Image: child.image, Class: record.ClassSymlink, Path: "/usr/bin/linktool", To: "realtool"})
	child.exec("/usr/bin/realtool", "linktool")
	generated := record.Access{Image: m.image, Class: record.ClassRead, Path: "/usr/include/big.h", Made: true}
	m.add(generated)
}

const declaredText = `Source: hello
Build-Depends: libfoo-dev (>= 0.5), unneeded-dev, meta,
 virtual-tool, libjpeg-dev | libturbo-dev, tool-a, tool-b (>= 1),
 prober, big-dev, gtk-dev, either-one, either-two, m4only, m4used,
 autotool, helper, make, wants-nicety, gcc (>= 1), hurd-thing [hurd-any], notthere <!nocheck>, gone-dev (>= 9) | nearly (>= 9),
`

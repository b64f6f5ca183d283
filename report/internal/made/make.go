package made

import (
	"fmt"
	"time"

	"github.com/catbox-go/catbox/record"
)

// make compiles all sources, several at once, links them and installs.
func (m *maker) make(top proc) {
	mk := m.process(top, "/usr/bin/make", []string{"make", fmt.Sprintf("-j%d", m.Jobs), "install"})
	m.access(mk, record.ClassRead, dir+"/Makefile")
	objects := m.compileAll(mk)
	m.link(mk, objects)
	m.install(mk)
	m.exit(mk, m.now, 0)
}

// compileAll keeps a clock a job, and starts each compilation at the job that is free first.
func (m *maker) compileAll(mk proc) []string {
	clocks := make([]time.Duration, max(m.Jobs, 1))
	for i := range clocks {
		clocks[i] = m.now
	}
	var objects []string
	for i := range m.Sources {
		job := earliest(clocks)
		m.now = clocks[job]
		sub := []string{"lib", "src", "src/net"}[i%3]
		source := fmt.Sprintf("%s/%s/part%d.c", dir, sub, i)
		object := fmt.Sprintf("%s/%s/part%d.o", dir, sub, i)
		headers := []string{"/usr/include/stdio.h", "/usr/include/zlib.h", "/usr/include/openssl/ssl.h"}[:1+i%3]
		for range m.Headers {
			n := m.rand.IntN(m.Headers * 10)
			headers = append(headers, fmt.Sprintf("/usr/include/x86_64-linux-gnu/sys/part%d/header%d.h", n%7, n))
		}
		clocks[job] = m.compile(mk, clocks[job], source, object, headers, false, 300*time.Millisecond)
		objects = append(objects, object)
	}
	for _, c := range clocks {
		m.now = max(m.now, c)
	}
	return objects
}

func earliest(clocks []time.Duration) int {
	job := 0
	for i := range clocks {
		if clocks[i] < clocks[job] {
			job = i
		}
	}
	return job
}

func (m *maker) link(mk proc, objects []string) {
	gcc := m.process(mk, "/usr/bin/x86_64-linux-gnu-gcc-12", append([]string{"gcc", "-o", "hello"}, objects...))
	ld := m.process(gcc, "/usr/bin/x86_64-linux-gnu-ld", append([]string{"/usr/bin/ld", "-o", "hello", "-lz"}, objects...))
	for _, o := range objects {
		m.access(ld, record.ClassRead, o)
	}
	m.access(ld, record.ClassRead, "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13")
	m.full(record.Access{Image: ld.image, Class: record.ClassSymlink, Path: "/usr/lib/x86_64-linux-gnu/libz.so", To: "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13"})
	m.access(ld, record.ClassCreate, dir+"/hello")
	m.now += m.work(100 * time.Millisecond)
	m.exit(ld, m.now, 0)
	m.exit(gcc, m.now, 0)
}

func (m *maker) install(mk proc) {
	install := m.process(mk, "/usr/bin/install", []string{"install", "-D", "hello", "pkg/usr/bin/hello"})
	for _, d := range []string{"/pkg", "/pkg/usr", "/pkg/usr/bin"} {
		m.full(record.Access{Image: install.image, Class: record.ClassCreate, Path: dir + d, Dir: true})
	}
	m.access(install, record.ClassRead, dir+"/hello")
	m.access(install, record.ClassCreate, dir+"/pkg/usr/bin/hello.tmp")
	m.full(record.Access{Image: install.image, Class: record.ClassRename, Path: dir + "/pkg/usr/bin/hello.tmp", To: dir + "/pkg/usr/bin/hello"})
	m.full(record.Access{Image: install.image, Class: record.ClassRead, Path: "/etc/localtime", Mark: "time", Count: 3})
	m.event(record.Call{Image: install.image, Name: "uname", Mark: "host", Count: 1, First: at(m.now), Last: at(m.now)})
	if m.Extra != "" {
		m.event(record.Call{Image: install.image, Name: "getrandom", Mark: "random", Count: 1, First: at(m.now), Last: at(m.now)})
	}
	m.event(record.Call{Image: mk.image, Name: "sched_getaffinity", Mark: "cpus", Count: 2, First: at(m.now), Last: at(m.now)})
	m.access(install, record.ClassEnumerate, "/usr/share/locale")
	m.now += m.work(3 * time.Millisecond)
	m.exit(install, m.now, 0)
}

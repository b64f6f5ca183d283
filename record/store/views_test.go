package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record"
)

// build is a small build: make runs sh, which forks for gcc, which runs cc1.
func build() []record.Event {
	at := func(seconds float64) time.Time { return time.Unix(1_700_000_000, int64(seconds*1e9)) }
	type A = record.Access
	one := func(image int64, class record.Class, path string, t float64, more ...func(*A)) record.Event {
		a := A{Image: image, Class: class, Path: path, Count: 1, First: at(t), Last: at(t)}
		for _, m := range more {
			m(&a)
		}
		return a
	}
	to := func(path string) func(*A) { return func(a *A) { a.To = path } }
	dir, made := func(a *A) { a.Dir = true }, func(a *A) { a.Made = true }
	absent, random := func(a *A) { a.Errno = 2 }, func(a *A) { a.Mark = "random" }
	again := func(n int, t float64) func(*A) { return func(a *A) { a.Count, a.Last = n, at(t) } }
	return []record.Event{
		record.Start{Time: at(0), Args: []string{"make", "CC=gcc -O2", "it's"}, Dir: "/src", Root: "/trees/a", Version: "1", System: "Linux", Detail: "full"},
		record.Process{ID: 1, PID: 10, Time: at(0)},
		record.Image{ID: 1, Process: 1, Time: at(0), Path: "/usr/bin/make", Args: []string{"make"}, Dir: "/src",
			Env: []string{"PATH=/bin", "A=1", "A=2", "B=", "bare"}},
		record.Process{ID: 2, Parent: 1, PID: 11, Time: at(1)},
		record.Image{ID: 2, Process: 2, Previous: 1, Forked: true, Time: at(1), Path: "/usr/bin/make", Args: []string{"make"}, Dir: "/src",
			Env: []string{"PATH=/bin", "A=1", "A=2", "B=", "bare"}},
		record.Image{ID: 3, Process: 2, Previous: 2, Time: at(1.5), Path: "/bin/sh", Args: []string{"sh", "-c", "gcc a.c", ""}, Dir: "/src",
			Interpreters: []string{"/lib/ld.so"}, Env: []string{"C=3"}, EnvUnset: []string{"A"}, EnvBase: 1},
		record.Process{ID: 3, Parent: 2, PID: 12, Time: at(2)},
		record.Image{ID: 4, Process: 3, Previous: 3, Forked: true, Time: at(2), Path: "/bin/sh", Args: []string{"sh", "-c", "gcc a.c", ""}, Dir: "/src",
			Interpreters: []string{"/lib/ld.so"}, Env: []string{"C=3"}, EnvUnset: []string{"A"}, EnvBase: 1},
		record.Image{ID: 5, Process: 3, Previous: 4, Time: at(2), Path: "/usr/bin/gcc", Args: []string{"gcc", "a\xff.c"}, Dir: "/src",
			Env: []string{"A=5"}, EnvUnset: []string{"C", "A"}, EnvBase: 3, Searched: 2},

		one(1, record.ClassProbe, "/src/Makefile", 0.1), one(1, record.ClassRead, "/src/Makefile", 0.2, again(3, 0.3)),
		one(1, record.ClassEnumerate, "/src", 0.2, dir), one(1, record.ClassAbsent, "/src/a.o", 0.3, absent),
		one(3, record.ClassExecute, "/bin/sh", 1.5), one(5, record.ClassRead, "/bin/sh", 2.1),
		one(5, record.ClassSymlink, "/lib", 2.1, to("/usr/lib")), one(5, record.ClassProbe, "/lib", 2.1),
		one(5, record.ClassAbsent, "/usr/include/zlib.h", 2.2, absent, again(2, 2.3)),
		one(5, record.ClassAbsent, "/src/\xfe", 2.2, absent),

		// Made, and there at the end.
		one(5, record.ClassCreate, "/src/a.o.tmp", 3), one(5, record.ClassWrite, "/src/a.o.tmp", 3.1, made),
		one(5, record.ClassRead, "/src/a.o.tmp", 3.1, made),
		one(5, record.ClassRename, "/src/a.o.tmp", 3.2, to("/src/a.o"), made), one(5, record.ClassRead, "/src/a.o", 3.3, made),
		one(5, record.ClassLink, "/src/a.o", 3.4, to("/src/b.o"), made), one(5, record.ClassMetadata, "/src/a.o", 3.4, made),
		// Made and removed; made again by another; removed, and made again by the same.
		one(5, record.ClassCreate, "/tmp/cc1.s", 3), one(5, record.ClassDelete, "/tmp/cc1.s", 3.5, made),
		one(3, record.ClassCreate, "/src/log", 1), one(3, record.ClassDelete, "/src/log", 1.1, made), one(5, record.ClassCreate, "/src/log", 2),
		one(5, record.ClassCreate, "/src/twice", 2, again(2, 4)), one(5, record.ClassDelete, "/src/twice", 3, made),
		// Of the host: written, removed, removed and made anew; not allowed.
		one(5, record.ClassWrite, "/src/cache", 3), one(5, record.ClassDelete, "/src/stale", 3), one(5, record.ClassAbsent, "/src/stale", 3.1, absent),
		one(5, record.ClassDelete, "/src/version", 3), one(5, record.ClassCreate, "/src/version", 3.1),
		one(5, record.ClassCreate, "/etc/forbidden", 3, func(a *A) { a.Errno = 13 }),
		// A directory that is renamed takes along what is in it, twice; but not what went before.
		one(1, record.ClassCreate, "/src/d", 5, dir), one(1, record.ClassCreate, "/src/d/f\xff", 5.1), one(1, record.ClassCreate, "/src/d/g", 5.1),
		one(1, record.ClassCreate, "/src/d/sub", 5.1, dir), one(1, record.ClassCreate, "/src/d/sub/h", 5.1),
		one(1, record.ClassDelete, "/src/d/g", 5.2, made), one(1, record.ClassCreate, "/src/dd", 5.1),
		one(1, record.ClassRename, "/src/d", 5.3, to("/src/e"), dir, made), one(1, record.ClassCreate, "/src/e/late", 5.4),
		one(1, record.ClassRename, "/src/e/sub", 5.5, to("/src/sub"), dir, made), one(1, record.ClassRename, "/src/e", 5.6, to("/src/ü"), dir, made),
		one(1, record.ClassDelete, "/src/ü/late", 5.7, made),

		// What another build may see otherwise; to look whether such a file is there tells nothing.
		one(5, record.ClassRead, "/dev/urandom", 3, random), one(5, record.ClassSymlink, "/etc/localtime", 3, to("../usr/share/zoneinfo/UTC"), random),
		one(5, record.ClassProbe, "/dev/urandom", 2, random), one(3, record.ClassProbe, "/dev/urandom", 2, random),
		one(3, record.ClassRead, "/dev/random", 2, random, func(a *A) { a.Errno = 13 }),
		record.Call{Image: 3, Name: "uname", Mark: "host", Count: 1, First: at(2), Last: at(2)},
		record.Call{Image: 3, Name: "uname", Mark: "host", Count: 4, First: at(3), Last: at(4)},
		record.Call{Image: 5, Name: "getrandom", Mark: "random", Count: 1, First: at(3), Last: at(3)},

		record.Network{Image: 5, Operation: record.Connect, Destination: "192.0.2.1:443", Errno: 101, Count: 1, First: at(3), Last: at(3)},
		record.Network{Image: 5, Operation: record.Connect, Destination: "192.0.2.1:443", Errno: 101, Count: 2, First: at(3), Last: at(4)},
		record.Network{Image: 5, Operation: record.Bind, Destination: "@x", Count: 1},
		record.Violation{Seq: 1, Time: at(3), Operation: record.Write, Call: "openat", Path: "x", Canonical: "/etc/x", Errno: 13, Action: record.Denied, Program: "gcc", PID: 12},
		record.Blind{Time: at(2), What: "io_uring", By: "refused", Count: 1}, record.Blind{Time: at(1), What: "io_uring", By: "refused", Count: 2},
		record.Exit{Process: 3, Time: at(4), Known: true, Status: 1, User: time.Second, System: time.Millisecond, MaxRSS: 99},
		record.Exit{Process: 2, Time: at(5), Known: true, Signal: 9}, record.Exit{Process: 1, Time: at(6)},
		record.End{Time: at(6), Exit: 2, Calls: 7},
	}
}

func TestViews(t *testing.T) {
	path := t.TempDir() + "/run.db"
	write(t, path, build())
	for query, want := range map[string]string{
		"SELECT * FROM run": "make 'CC=gcc -O2' 'it'\\''s' /src /trees/a 1 Linux full 2023-11-14 22:13:20 6 2 - 7",
		"SELECT process, parent, pid, program, name, argv, images FROM processes": `1 - 10 /usr/bin/make make make 1
2 1 11 /bin/sh sh sh -c 'gcc a.c' '' 2
3 2 12 /usr/bin/gcc gcc ` + "[103 99 99 32 39 97 255 46 99 39]" + ` 2`,
		"SELECT process, started, ended, duration, exit, signal, user, system, max_rss FROM processes": `1 0 6 6 - - - - -
2 1 5 4 - SIGKILL 0 0 0
3 2 4 2 1 - 1 0.001 99`,
		"SELECT image, process, previous, forked, program, dir, interpreters, searched, started, duration, chain FROM images": `1 1 - 0 /usr/bin/make /src - 0 0 6 make
2 2 1 1 /usr/bin/make /src - 0 1 0.5 make <- make
3 2 2 0 /bin/sh /src /lib/ld.so 0 1.5 3.5 sh <- make
4 3 3 1 /bin/sh /src /lib/ld.so 0 2 0 sh <- sh <- make
5 3 4 0 /usr/bin/gcc /src - 2 2 2 gcc <- sh <- make`,
		"SELECT depth, ancestor, process, program, name FROM chain WHERE image = 5 ORDER BY depth": `0 5 3 /usr/bin/gcc gcc
1 3 2 /bin/sh sh
2 1 1 /usr/bin/make make`,
		"SELECT name, value FROM environment WHERE image = 1 ORDER BY name": "A 1\nB \nPATH /bin\nbare -",
		"SELECT name, value FROM environment WHERE image = 4 ORDER BY name": "B \nC 3\nPATH /bin\nbare -",
		"SELECT name, value FROM environment WHERE image = 5 ORDER BY name": "A 5\nB \nPATH /bin\nbare -",
		"SELECT * FROM accesses WHERE path = '/usr/include/zlib.h'":         "5 3 gcc absent /usr/include/zlib.h - ENOENT 0 0 - 2 2.2 2.3",
		"SELECT class, target, errno FROM accesses WHERE path = '/lib'":     "symlink /usr/lib -\nprobe - -",
		"SELECT path, class, directory, count FROM inputs ORDER BY path":    "/bin/sh read 0 2\n/dev/random read 0 1\n/dev/urandom read 0 3\n/etc/localtime symlink 0 1\n/lib symlink 0 2\n/src enumerate 1 1\n/src/Makefile read 0 4",
		"SELECT path, class, directory, existed, image FROM outputs ORDER BY path": `/src/a.o rename 0 0 5
/src/b.o link 0 0 5
/src/cache write 0 1 5
/src/dd create 0 0 1
/src/log create 0 0 5
/src/sub rename 1 0 1
/src/sub/h moved 0 0 1
/src/twice create 0 0 5
/src/version create 0 1 5
/src/ü rename 1 0 1
[47 115 114 99 47 195 188 47 102 255] moved 0 0 1`,
		"SELECT path, class, directory, image FROM temporary WHERE typeof(path) = 'text' ORDER BY path": `/src/a.o.tmp rename 0 5
/src/d rename 1 1
/src/d/g delete 0 1
/src/d/sub moved 1 1
/src/d/sub/h moved 0 1
/src/e rename 1 1
/src/e/late moved 0 1
/src/e/sub rename 1 1
/src/e/sub/h moved 0 1
/src/ü/late delete 0 1
/tmp/cc1.s delete 0 5`,
		"SELECT path, there, made, existed FROM results WHERE path = '/src/stale'": "/src/stale 0 0 1",
		"SELECT * FROM absent": "/usr/include/zlib.h ENOENT 2 1 2.2 2.3\n[47 115 114 99 47 254] ENOENT 1 1 2.2 2.2",
		"SELECT * FROM marks ORDER BY image, call, path": `host 3 2 sh uname - 5 2 4
random 5 3 gcc - /dev/urandom 1 3 3
random 5 3 gcc - /etc/localtime 1 3 3
random 5 3 gcc getrandom - 1 3 3`,
		"SELECT * FROM network":        "5 3 gcc connect 192.0.2.1:443 ENETUNREACH 3 3 4\n5 3 gcc bind @x - 1 - -",
		"SELECT * FROM violations":     "1 3 write openat x /etc/x EACCES denied gcc 12",
		"SELECT * FROM blind":          "io_uring refused - 3 1",
		"SELECT count(*) FROM program": "3", // what is inherited by fork is there once
	} {
		if diff := cmp.Diff(strings.Split(want, "\n"), ask(t, path, query)); diff != "" {
			t.Errorf("%s\n%s", query, diff)
		}
	}
	// Another language reads them too.
	if got := python(t, path, "SELECT path FROM outputs ORDER BY path DESC"); got != `ok b'/src/\xc3\xbc/f\xff'` {
		t.Error(got)
	}
}

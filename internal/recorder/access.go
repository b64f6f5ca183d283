package recorder

import (
	"strings"
	"syscall"
	"time"

	"github.com/catbox-go/catbox/record"
)

// Use is a call as a program makes it: what it is for, and the text of its path
// with the directory that it starts from. The same use by the same image is the same
// access, as long as nothing in between made it another one.
type Use struct {
	Kind       uint16
	Base, Path string
}

// seen is a use that is known: what it counts for.
type seen []*counted

// use is an access by what it is counted under.
type use struct {
	class    record.Class
	path, to string
	errno    syscall.Errno
}

// counted is an access that was told once, with what came since.
type counted struct {
	record.Access
	since
}

// since is what came after something was told once.
type since struct {
	more int
	last time.Time
}

func (s *since) again(now time.Time) {
	s.more++
	s.last = now
}

// Image is what a process ran at the time of a call that is worked out later.
type Image struct {
	r  *Recorder
	i  *image
	at time.Time
}

// Later has a call of the thread worked out in its turn, by do.
func (r *Recorder) Later(tid int, do func(Image)) {
	if r.later(tid, do) {
		r.Settle()
	}
}

func (r *Recorder) later(tid int, do func(Image)) (crowded bool) {
	at := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.threads[tid]
	if p == nil {
		return r.todo.Add(func() {
			r.out.Put(record.Blind{Time: at, What: "an access", By: "a process of which nothing is known", Count: 1})
		})
	}
	i := Image{r, p.image, at}
	return r.todo.Add(func() { do(i) })
}

// Again counts a use that the image has made before. false: it has to be looked into.
func (i Image) Again(u Use) bool {
	s := i.i.seen[u]
	if s == nil || !i.r.stands(s) {
		return false
	}
	for _, c := range s {
		c.again(i.at)
	}
	return true
}

// Accessed notes what a use of the image comes to.
func (i Image) Accessed(u Use, accesses []record.Access) {
	var s seen
	for _, a := range accesses {
		s = append(s, i.r.access(i.i, a, i.at))
		i.r.effect(a)
	}
	if len(s) > 0 && u.Path != "" && i.r.stands(s) {
		i.i.remember(u, s)
	}
}

// Again counts a use that the thread's image has made before, as all is known that came before it. false: it
// has to be looked into.
func (r *Recorder) Again(tid int, u Use) (again bool) {
	if r.Known(tid) {
		r.Later(tid, func(i Image) { again = i.Again(u) })
		r.Settle()
	}
	return again
}

// Accessed notes what a use of the thread's image comes to.
func (r *Recorder) Accessed(tid int, u Use, accesses []record.Access) {
	r.Later(tid, func(i Image) { i.Accessed(u, accesses) })
}

// stands tells whether a use still means what it meant.
func (r *Recorder) stands(s seen) bool {
	for _, c := range s {
		if r.cache.isChanged(c.Path) {
			return false
		}
	}
	return true
}

func (i *image) remember(u Use, s seen) {
	if i.seen == nil {
		i.seen = map[Use]seen{}
	}
	i.seen[u] = s
}

// access tells of an access, or counts it if it was told.
func (r *Recorder) access(i *image, a record.Access, now time.Time) *counted {
	key := use{a.Class, a.Path, a.To, a.Errno}
	if c := i.uses[key]; c != nil {
		c.again(now)
		return c
	}
	r.tellImage(i)
	a.Image, a.Count, a.First, a.Last = i.ID, 1, now, now
	a.Made = r.made[a.Path]
	if a.Mark == "" {
		a.Mark = marks[a.Path]
	}
	c := &counted{Access: a}
	if i.uses == nil {
		i.uses = map[use]*counted{}
	}
	i.uses[key] = c
	r.totals.Accesses++
	r.out.Put(a)
	return c
}

// flush tells what was only counted.
func (r *Recorder) flush(i *image) {
	for _, c := range i.uses {
		if c.more > 0 {
			a := c.Access
			a.Count, a.First, a.Last = c.more, c.last, c.last
			r.out.Put(a)
		}
	}
	for n, m := range i.nets {
		if m.more > 0 {
			n.Count, n.First, n.Last = m.more, m.last, m.last
			r.out.Put(n)
		}
	}
	for _, c := range i.asks {
		if c.more > 0 {
			c.Count, c.First, c.Last = c.more, c.last, c.last
			r.out.Put(c.Call)
		}
	}
	i.uses, i.seen, i.nets, i.asks = nil, nil, nil, nil
}

// effect keeps what an access changes.
func (r *Recorder) effect(a record.Access) {
	if a.Errno != 0 {
		return
	}
	switch a.Class {
	case record.ClassCreate:
		r.made[a.Path] = true
		r.cache.change(a.Path)
	case record.ClassLink:
		r.made[a.To] = true
		r.cache.change(a.To)
	case record.ClassDelete:
		delete(r.made, a.Path)
		r.cache.change(a.Path)
		if a.Dir {
			r.cache.changeIn(a.Path) // as a link may take its place
		}
	case record.ClassRename:
		r.renamed(a)
	}
}

// renamed: whatever was there, the name is one that the run made; what it made
// below a directory goes along.
func (r *Recorder) renamed(a record.Access) {
	if a.Dir {
		for p := range r.made {
			if rest, ok := strings.CutPrefix(p, a.Path+"/"); ok {
				delete(r.made, p)
				r.made[a.To+"/"+rest] = true
			}
		}
		r.cache.move(a.Path)
		r.cache.move(a.To)
		r.roam(a.Path + "/")
	}
	delete(r.made, a.Path)
	r.made[a.To] = true
	r.cache.change(a.Path)
	r.cache.change(a.To)
}

// roam has the directories of all processes that are below one of them looked for each time.
func (r *Recorder) roam(above string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.threads {
		if strings.HasPrefix(p.dir, above) {
			p.roams()
		}
	}
}

// Truncated notes that the run has written all of the file's content.
func (r *Recorder) Truncated(path string) { r.todo.Add(func() { r.made[path] = true }) }

// ExecFailed counts a program that was looked for and not found.
func (r *Recorder) ExecFailed(tid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.threads[tid]; p != nil {
		p.failed++
	}
}

// Network notes a use of a socket; its Image and times are filled in here.
func (r *Recorder) Network(tid int, n record.Network) {
	if r.Known(tid) {
		r.Later(tid, func(i Image) { i.network(n) })
	}
}

func (i Image) network(n record.Network) {
	i.r.tellImage(i.i)
	n.Image = i.i.ID
	if m := i.i.nets[n]; m != nil {
		m.again(i.at)
		return
	}
	if i.i.nets == nil {
		i.i.nets = map[record.Network]*since{}
	}
	i.i.nets[n] = &since{}
	n.Count, n.First, n.Last = 1, i.at, i.at
	i.r.out.Put(n)
}

// marks are files whose content depends on when and where a build runs.
var marks = map[string]string{
	"/dev/random": "random", "/dev/urandom": "random", "/proc/sys/kernel/random/uuid": "random", "/proc/sys/kernel/random/boot_id": "host",
	"/etc/hostname": "host", "/etc/machine-id": "host", "/var/lib/dbus/machine-id": "host", "/proc/sys/kernel/hostname": "host",
	"/proc/version": "host", "/proc/sys/kernel/osrelease": "host", "/proc/meminfo": "host",
	"/proc/cpuinfo": "cpus", "/proc/stat": "cpus", "/proc/loadavg": "cpus", "/sys/devices/system/cpu/online": "cpus", "/sys/devices/system/cpu": "cpus",
	"/proc/uptime": "time", "/etc/localtime": "time", "/etc/timezone": "time", "/dev/rtc0": "time", "/dev/rtc": "time",
}

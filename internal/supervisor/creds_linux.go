package supervisor

import (
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/target"
)

// ids are the four ids of one kind that a process has (credentials(7)).
type ids struct{ real, effective, saved, fs uint32 }

func (i ids) has(id uint32) bool { return id == i.real || id == i.effective || id == i.saved }

// hasRoot tells whether 0 is among the three that count for capabilities.
func (i ids) hasRoot() bool { return i.has(0) }

// creds are what a process of a fake root believes to be.
type creds struct {
	uid, gid  ids
	groups    []uint32
	effective uint64 // capabilities
	permitted uint64
	inherited uint64
	bounding  uint64
	ambient   uint64
	secure    uint8 // securebits
	nice      int8  // 0: the kernel's; else what only root could have asked for

	noNewPrivs bool // asked for by the program; that of every run does not count
}

// allCaps are the capabilities that root has (capabilities(7), Linux 5.9).
const allCaps = 1<<(unix.CAP_LAST_CAP+1) - 1

var rootCreds = &creds{groups: []uint32{0}, effective: allCaps, permitted: allCaps, bounding: allCaps}

func (c *creds) capable(capability uint) bool { return c.effective&(1<<capability) != 0 }

func (c *creds) inGroup(gid uint32) bool { return c.gid.fs == gid || slices.Contains(c.groups, gid) }

func (c *creds) equal(o *creds) bool {
	return c.uid == o.uid && c.gid == o.gid && slices.Equal(c.groups, o.groups) &&
		c.effective == o.effective && c.permitted == o.permitted && c.inherited == o.inherited &&
		c.bounding == o.bounding && c.ambient == o.ambient && c.secure == o.secure &&
		c.nice == o.nice && c.noNewPrivs == o.noNewPrivs
}

// credTable knows which process has which credentials. A process carries the
// number of its own in the soft limit of RLIMIT_RTTIME, which fork and execve
// keep: so a child has its parent's without a look at fork, and whoever has no
// number is root. Nothing but a real-time process is bound by that limit, and
// it stays years away.
type credTable struct {
	dropped atomic.Bool // somebody is not root
	mu      sync.RWMutex
	known   []*creds
}

// tagged is the first value of the soft limit that is a number.
const tagged = 1<<62 + 0xca7b<<32

// of returns the credentials of the thread's process.
func (t *credTable) of(thread target.Thread) *creds {
	if !t.dropped.Load() {
		return rootCreds
	}
	var limit unix.Rlimit
	if err := unix.Prlimit(int(thread), unix.RLIMIT_RTTIME, nil, &limit); err != nil {
		return rootCreds
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if n := limit.Cur - tagged; limit.Cur >= tagged && n < uint64(len(t.known)) {
		return t.known[n]
	}
	return rootCreds
}

// set gives the thread's process credentials.
func (t *credTable) set(thread target.Thread, c *creds) unix.Errno {
	var limit unix.Rlimit
	if err := unix.Prlimit(int(thread), unix.RLIMIT_RTTIME, nil, &limit); err != nil {
		return unix.EPERM
	}
	limit.Cur = tagged + t.number(c)
	if limit.Cur > limit.Max { // somebody lowered the hard limit: there is no place for the number
		return unix.EPERM
	}
	if err := unix.Prlimit(int(thread), unix.RLIMIT_RTTIME, &limit, nil); err != nil {
		return unix.EPERM
	}
	t.dropped.Store(true)
	return 0
}

func (t *credTable) number(c *creds) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, k := range t.known {
		if k.equal(c) {
			return uint64(i)
		}
	}
	t.known = append(t.known, c)
	return uint64(len(t.known) - 1)
}

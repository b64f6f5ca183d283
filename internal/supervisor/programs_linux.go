package supervisor

import (
	"sync"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/target"
)

// programs remembers what interprets a program, by its inode and the time of its
// last change.
type programs struct {
	mu    sync.Mutex
	known map[program]interpreted
}

type program struct {
	dev, ino   uint64
	sec, nanos int64
}

type interpreted struct {
	name string
	kind format
}

// maxPrograms bounds what is remembered.
const maxPrograms = 1 << 12

func (p *programs) interpreter(v *target.View, path string) (string, format) {
	var st unix.Stat_t
	if v.Stat(path, &st) != 0 {
		return readInterpreter(v, path)
	}
	key := program{st.Dev, st.Ino, st.Ctim.Sec, st.Ctim.Nsec}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, ok := p.known[key]; ok {
		return i.name, i.kind
	}
	name, kind := readInterpreter(v, path)
	if p.known == nil || len(p.known) >= maxPrograms {
		p.known = map[program]interpreted{}
	}
	p.known[key] = interpreted{name, kind}
	return name, kind
}

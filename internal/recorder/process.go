package recorder

import (
	"slices"
	"strings"
	"time"

	"github.com/catbox-go/catbox/record"
)

// Known tells whether it is known whose thread it is.
func (r *Recorder) Known(tid int) bool { return r.process(tid) != nil }

// Begin notes the process of the run's command, or one whose fork was not seen:
// parent is 0 then if that is not known either.
func (r *Recorder) Begin(pid, parent int, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.threads[pid] == nil {
		r.add(r.threads[parent], pid, at)
	}
}

// Forked notes a new process. A number that was another's is free again.
func (r *Recorder) Forked(parent, child int, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(r.threads[parent], child, at)
}

func (r *Recorder) add(parent *process, pid int, at time.Time) {
	r.processes++
	p := &process{id: r.processes, image: &image{Image: record.Image{Process: r.processes, Time: at}}}
	told := record.Process{ID: p.id, PID: pid, Time: at}
	var from *image
	if parent != nil {
		from, told.Parent = parent.image, parent.id
		p.image.inherit(from)
	}
	r.threads[pid] = p
	i := p.image
	r.todo.Add(func() {
		if from != nil {
			r.tellImage(from) // before the child's, which refers to it
			i.Previous, i.EnvBase = from.ID, from.ID
		}
		r.totals.Living++
		r.totals.Processes++
		r.out.Put(told)
	})
}

// inherit fills in what a child has from the image that its parent runs.
func (i *image) inherit(from *image) {
	i.Forked, i.Path, i.Interpreters, i.Args, i.Dir, i.env = true, from.Path, from.Interpreters, from.Args, from.Dir, from.env
}

// Cloned notes a new thread.
func (r *Recorder) Cloned(pid, tid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.threads[pid]; p != nil {
		r.threads[tid] = p
		p.roams()
	}
}

// ThreadEnded forgets a thread.
func (r *Recorder) ThreadEnded(tid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.threads, tid)
}

// Exited notes the end of a process; its number in the record is filled in here.
func (r *Recorder) Exited(pid int, e record.Exit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.threads[pid]
	if p == nil {
		return
	}
	delete(r.threads, pid)
	e.Process = p.id
	i := p.image
	r.todo.Add(func() {
		r.totals.Living--
		r.flush(i)
		r.out.Put(e)
	})
}

// Dir is the text of the thread's directory; "" if it has to be looked for. Then
// Moved keeps what was found, unless it may change at any time.
func (r *Recorder) Dir(tid int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.threads[tid]; p != nil {
		return p.dir
	}
	return ""
}

// Moved keeps the text of the thread's directory.
func (r *Recorder) Moved(tid int, dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.threads[tid]; p != nil && !p.roaming {
		p.dir = dir
	}
}

// Moves notes that the thread is about to change its directory.
func (r *Recorder) Moves(tid int) { r.Moved(tid, "") }

// roams is for a process that has threads, which change its directory at any time or have
// left it (unshare(2) with CLONE_FS), and for one whose directory is being renamed.
func (p *process) roams() { p.dir, p.roaming = "", true }

// Exec is a program that is executed.
type Exec struct {
	Path         string
	Interpreters []string
	Args, Env    []string
	Dir          string
}

// Executed notes that the thread's process runs another program from now on.
func (r *Recorder) Executed(tid int, e Exec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.threads[tid]
	if p == nil {
		return
	}
	i := &image{Image: record.Image{
		Process: p.id, Time: time.Now(), Path: e.Path, Interpreters: e.Interpreters,
		Args: e.Args, Dir: e.Dir, Searched: p.failed,
	}, env: e.Env}
	before := p.image
	p.image, p.failed = i, 0
	r.todo.Add(func() { r.replaced(before, i) })
}

// replaced tells of an image that has taken the place of another.
func (r *Recorder) replaced(before, i *image) {
	r.flush(before)
	i.Previous = before.ID
	if !before.told && before.Forked {
		i.Previous = before.Previous // nobody hears of an image that did nothing
	}
	i.Env = i.env
	if i.Previous != 0 {
		i.EnvBase = i.Previous
		i.Env, i.EnvUnset = difference(before.env, i.env)
	}
	r.tellImage(i)
}

// tellImage tells of an image once, at the latest when it is referred to.
func (r *Recorder) tellImage(i *image) {
	if i.told {
		return
	}
	r.images++
	i.ID, i.told = r.images, true
	r.out.Put(i.Image)
}

// difference is what env has that is not in base, and the names that it has not. Mostly there is none.
func difference(base, env []string) (set, unset []string) {
	if slices.Equal(base, env) {
		return nil, nil
	}
	had := make(map[string]bool, len(base))
	for _, v := range base {
		had[v] = true
	}
	names := make(map[string]bool, len(env))
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if names[name] = true; !had[v] {
			set = append(set, v)
		}
	}
	for _, v := range base {
		if name, _, _ := strings.Cut(v, "="); !names[name] {
			unset = append(unset, name)
		}
	}
	return set, unset
}

package deps

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/record"
)

// run is what of a record says which files were used, and by whom.
type run struct {
	command  []string
	dir      string
	root     string   // of the command; "" is the host's
	env      []string // of the command
	detail   string
	complete bool
	blind    int

	images  map[int64]*image
	last    map[int64]*image // of a process
	parents map[int64]int64  // of a process

	paths    []string // by number
	numbers  map[string]int32
	accesses []access
	links    map[string]string // what a symbolic link leads to
	// preloaded are the libraries, by the last component, that LD_PRELOAD has the dynamic
	// loader load (ld.so(8)), whatever else their names look like.
	preloaded map[string]bool
	made      map[string]bool // by the run
}

// access is a record.Access that a package may have to do with.
type access struct {
	image *image
	class record.Class
	path  int32
	dir   bool
}

// image is a program that ran in a process.
type image struct {
	path, name string
	command    bool // a shell with -c
	forked     bool
	lists      bool // a directory
	previous   *image
	objects    []string // that it made
	children   []*image // that were started by it
	below      []string // objects that they and it made, of a driver: see made
}

func load(each func(func(record.Event) error) error) (*run, error) {
	r := &run{
		images: map[int64]*image{}, last: map[int64]*image{}, parents: map[int64]int64{},
		numbers: map[string]int32{}, links: map[string]string{}, made: map[string]bool{}, preloaded: map[string]bool{},
	}
	empty := true
	err := each(func(e record.Event) error {
		empty = false
		r.event(e)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case empty:
		return nil, ErrEmpty
	case r.detail == "exec":
		return nil, ErrNoFiles
	}
	return r, nil
}

func (r *run) event(e record.Event) {
	switch e := e.(type) {
	case record.Start:
		r.command, r.dir, r.root, r.detail = e.Args, e.Dir, e.Root, e.Detail
	case record.Process:
		r.parents[e.ID] = e.Parent
	case record.Image:
		r.addImage(e)
	case record.Access:
		r.addAccess(e)
	case record.Blind:
		r.blind += max(1, e.Count)
	case record.End:
		r.complete = true
	}
}

func (r *run) addImage(e record.Image) {
	if len(r.images) == 0 {
		r.env = e.Env
	}
	r.addPreloaded(e.Env)
	i := &image{path: e.Path, forked: e.Forked, previous: r.images[e.Previous]}
	if i.previous == nil {
		i.previous = r.last[r.parents[e.Process]]
	}
	i.name, i.command = programName(e.Path, e.Args)
	if driver := i.starter(); driver != nil && !i.forked {
		driver.children = append(driver.children, i)
	}
	r.images[e.ID], r.last[e.Process] = i, i
}

// addPreloaded notes what an environment, or its difference to another, has preloaded.
func (r *run) addPreloaded(env []string) {
	for _, v := range env {
		list, found := strings.CutPrefix(v, "LD_PRELOAD=")
		if !found {
			continue
		}
		for _, name := range strings.FieldsFunc(list, func(c rune) bool { return c == ' ' || c == ':' }) {
			r.preloaded[filepath.Base(name)] = true
		}
	}
}

func (r *run) addAccess(e record.Access) {
	i := r.images[e.Image]
	if i == nil || !strings.HasPrefix(e.Path, "/") {
		return
	}
	switch e.Class {
	case record.ClassCreate, record.ClassWrite:
		i.program().addObject(e.Path)
		r.made[e.Path] = r.made[e.Path] || e.Class == record.ClassCreate
		return
	case record.ClassRename, record.ClassLink:
		r.made[e.To] = true
		return
	case record.ClassRead, record.ClassExecute, record.ClassProbe, record.ClassEnumerate, record.ClassAbsent:
	case record.ClassSymlink:
		r.links[e.Path] = linkTarget(e.Path, e.To)
	default:
		return
	}
	if e.Made {
		r.made[e.Path] = true
		return
	}
	if e.Errno != 0 && (e.Class == record.ClassRead || e.Class == record.ClassExecute) {
		e.Class = record.ClassProbe // it did not get the content
	}
	i.lists = i.lists || e.Class == record.ClassEnumerate
	r.accesses = append(r.accesses, access{i, e.Class, r.number(e.Path), e.Dir})
}

func linkTarget(path, to string) string {
	if strings.HasPrefix(to, "/") {
		return filepath.Clean(to)
	}
	return filepath.Join(filepath.Dir(path), to)
}

func (r *run) number(path string) int32 {
	n, known := r.numbers[path]
	if !known {
		n = int32(len(r.paths))
		r.paths, r.numbers[path] = append(r.paths, path), n
	}
	return n
}

// program is the image that was executed, where i was inherited by fork.
func (i *image) program() *image {
	for i.forked && i.previous != nil {
		i = i.previous
	}
	return i
}

// starter is the program that started the one of this image.
func (i *image) starter() *image {
	if p := i.program(); p.previous != nil {
		return p.previous.program()
	}
	return nil
}

// addObject notes an object file, unless it is one of a test by configure, or a
// compiler's temporary one.
func (i *image) addObject(path string) {
	base := filepath.Base(path)
	if !strings.HasSuffix(base, ".o") && !strings.HasSuffix(base, ".lo") && !strings.HasSuffix(base, ".obj") {
		return
	}
	if strings.HasPrefix(base, "conftest") || strings.HasPrefix(path, "/tmp/") || slices.Contains(i.objects, path) {
		return
	}
	i.objects = append(i.objects, path)
}

// Package report makes of a record what people and tools look at.
//
// [Load] reads a record's events into a [Run]: the processes and the programs
// that they ran, the files with what became of them, and which process used what
// another one made. The formats are made of a Run: [Text], [JSON], [DOT] and the
// packages below this one. [Compare] says how two runs differ.
//
// The package opens no file and asks the host nothing: which package owns a path
// is asked of an [Owners]. A Run is not changed once it is loaded. Every name in
// it came from the command that was recorded, and is any sequence of bytes:
// whoever prints one uses [Visible].
package report

import (
	"strings"
	"syscall"
	"time"

	"github.com/catbox-go/catbox/record"
)

// Each gives a record's events in an order in which what they refer to comes
// first. It ends with the first error, which it returns.
type Each func(func(record.Event) error) error

// Owners knows which package a path belongs to; "" is none.
type Owners interface {
	Owner(path string) string
}

// Run is a record in memory. Processes, images and paths are referred to by
// their index in Processes, Images and Paths; -1 is none. Times are since the start.
type Run struct {
	Start record.Start
	// End is nil if the run was killed, or is still going on.
	End *record.End
	// Length is how long the run took; if there is no End, until the last event.
	Length time.Duration

	Processes  []Process
	Images     []Image
	Paths      *Paths
	Accesses   []Access // by image, then path
	Files      []File   // one a path of Paths
	Edges      []Edge   // by producer, consumer, path
	Calls      []Call   // by image, then when they were told
	Networks   []Network
	Violations []record.Violation
	Blind      []record.Blind
	Packages   []Package // by how sure their use is, then name
	// OwnersKnown tells that there was an Owners.
	OwnersKnown bool

	byPath []int32 // indexes of Accesses, by path
	first  []int32 // where each path begins in byPath
}

// Process is a process with the programs that it ran.
type Process struct {
	Parent   int
	PID      int
	Began    time.Duration
	Ended    time.Duration
	Exit     *record.Exit // nil if its end was not recorded
	Images   []int
	Children []int // by when they began
	// Own is how long it was there while none of its children was: what it took itself.
	Own time.Duration
	// Lane is its row in a chart in which each is below its parent and none overlap.
	Lane int
}

// Length is how long the process was there.
func (p *Process) Length() time.Duration { return p.Ended - p.Began }

// CPU is the processor time that it used, 0 if that is not known.
func (p *Process) CPU() time.Duration {
	if p.Exit == nil || !p.Exit.Known {
		return 0
	}
	return p.Exit.User + p.Exit.System
}

// Failed tells that it ended by a signal or with a status other than 0.
func (p *Process) Failed() bool {
	return p.Exit != nil && p.Exit.Known && (p.Exit.Status != 0 || p.Exit.Signal != 0)
}

// Image is a program in a process.
type Image struct {
	record.Image
	Process  int
	Previous int
	Began    time.Duration
	Path     PathID
}

// Program is the name by which it was called: the last component of its first
// argument, or of its path if it has none.
func (i *Image) Program() string {
	name := ""
	if len(i.Args) > 0 {
		name = base(strings.TrimPrefix(i.Args[0], "-")) // a login shell has a dash in front
	}
	if name == "" {
		name = base(i.Image.Path)
	}
	return name
}

func base(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// Access is a [record.Access], with the counts of the same one added up.
type Access struct {
	Image       int32
	Path, To    PathID
	Class       Class
	Dir, Made   bool
	Mark        Mark
	Errno       syscall.Errno
	Count       int
	First, Last time.Duration
}

// Call is a [record.Call], with the counts of the same one added up.
type Call struct {
	Image int
	Name  string
	Mark  Mark
	Count int
	First time.Duration
}

// Network is a [record.Network] with times since the start.
type Network struct {
	record.Network
	Image int
	Began time.Duration
}

// Of returns the indexes of the accesses to a path.
func (r *Run) Of(path PathID) []int32 { return r.byPath[r.first[path]:r.first[path+1]] }

// Main is the image that says what a process is: the last that it executed.
func (r *Run) Main(process int) int {
	images := r.Processes[process].Images
	for i := len(images) - 1; i >= 0; i-- {
		if !r.Images[images[i]].Forked {
			return images[i]
		}
	}
	if len(images) > 0 {
		return images[0]
	}
	return -1
}

// Program is the name of what the process ran, "?" if that was not recorded.
func (r *Run) Program(process int) string {
	if image := r.Main(process); image >= 0 {
		return r.Images[image].Program()
	}
	return "?"
}

// Chain returns the images by which an image came to be, itself first: those
// that were executed, without what was only inherited by fork.
func (r *Run) Chain(image int) []int {
	var chain []int
	if image >= 0 && r.Images[image].Forked {
		image = r.From(image)
	}
	for ; image >= 0; image = r.From(image) {
		chain = append(chain, image)
	}
	return chain
}

// From returns the image that was executed and from which this one came, -1 if
// it is the first.
func (r *Run) From(image int) int {
	for image = r.before(image); image >= 0 && r.Images[image].Forked; {
		image = r.before(image)
	}
	return image
}

// before is the image that an image came from. One that is the first of its
// process to be seen came from what the parent ran then.
func (r *Run) before(image int) int {
	i := &r.Images[image]
	if i.Previous >= 0 {
		return i.Previous
	}
	parent := r.Processes[i.Process].Parent
	if parent < 0 {
		return -1
	}
	found := -1
	for _, of := range r.Processes[parent].Images {
		// Images are told in order, so that what is before this one ends the chain.
		if of < image && (found < 0 || r.Images[of].Began <= i.Began) {
			found = of
		}
	}
	return found
}

// ChainText is the chain in words, cc1 <- gcc <- make, a name that repeats once.
func (r *Run) ChainText(image int) string {
	var names []string
	for _, i := range r.Chain(image) {
		name := Visible(r.Images[i].Program())
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return strings.Join(names, " <- ")
}

// Command is what was run, for a person to read.
func (r *Run) Command() string { return VisibleArgs(r.Start.Args) }

// Place is where the command ran, fit to be shown.
func (r *Run) Place() string {
	if r.Start.Root == "" {
		return Visible(r.Start.Dir)
	}
	return Visible(r.Start.Dir) + " of the root " + Visible(r.Start.Root)
}

// Result is how the run ended, in words.
func (r *Run) Result() string {
	switch {
	case r.End == nil:
		return "no end recorded"
	case r.End.Signal != 0:
		return "killed by " + record.SignalName(r.End.Signal)
	case r.End.Exit != 0:
		return "exit status " + itoa(r.End.Exit)
	}
	return "succeeded"
}

// Succeeded tells that the run ended with status 0.
func (r *Run) Succeeded() bool { return r.End != nil && r.End.Exit == 0 && r.End.Signal == 0 }

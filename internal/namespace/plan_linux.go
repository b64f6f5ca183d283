package namespace

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Plan says what the run sees. All paths are absolute and canonical.
type Plan struct {
	// RootDir is a directory of the host that becomes the root directory; the other
	// paths are paths in it then, and what of them is "the host" is this tree. "" is
	// the host's own.
	RootDir string
	// Overlay, if not nil, takes what the run writes in the tree, which stays as it is;
	// RootDir is in its layers then.
	Overlay *Overlay
	// Mounts are mounted in their order, on what else is there.
	Mounts []Mount
	// Files are there instead of those of the tree, read-only.
	Files []File
	// Writable are the existing places that stay writable; the rest of the
	// host is read-only. AnyWrite leaves the host as it is.
	Writable []string
	AnyWrite bool
	// ReadOnly are places below a writable one that are not.
	ReadOnly []string
	// Hidden are places that are not there.
	Hidden []string
	// Readable, if not nil, are the only places of the host that are there,
	// beside the writable ones. Links are symbolic links to make.
	Readable []string
	Links    []Link
	// Private are directories that the run has for itself, empty at the
	// start (/tmp, /var/tmp, /dev/shm), except for what is listed in
	// Writable, Readable or Visible below them.
	Private []string
	// Visible are places below Private ones that stay there, read-only if not
	// AnyWrite.
	Visible []string
	// Dir is the working directory.
	Dir string
	// Proc and Dev ask for a /proc of the run's pid namespace and a /dev with
	// the harmless devices alone. Loopback brings the loopback up.
	Proc, Dev, Loopback bool
	// Root tells that the run is root, to whom the files of /proc that
	// concern the whole host would be writable.
	Root bool
	// Terminal is the path of the terminal that the command is started on,
	// "" if there is none; it stays there as /dev/console.
	Terminal string
}

// Mount is a file system for the run.
type Mount struct {
	// Type is "bind" with Source, a path of the host; "dev" for what the run
	// has at /dev; or a type that fsopen(2) knows, with its Options, each a key
	// and a value or nothing.
	Type, Source string
	Options      []Option
	// Target is made if it is not there and can be.
	Target string
	// Attr are attributes of mount_setattr(2). ReadOnly ones are open to change in the
	// places of Plan.Writable all the same.
	Attr     int
	ReadOnly bool
}

// Option is one of a file system's options; Value is "" for one without.
type Option struct{ Key, Value string }

// File is a regular file of the run's own.
type File struct {
	Path string
	Data []byte
}

// Link is a symbolic link to be made.
type Link struct{ Path, Content string }

// Step is one named part of the set-up.
type Step struct {
	Name string
	Do   func() error
}

// StepError names the step that failed.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

// Run carries out steps in order and stops at the first that fails.
func Run(steps []Step) error {
	for _, s := range steps {
		if err := s.Do(); err != nil {
			return &StepError{Step: s.Name, Err: err}
		}
	}
	return nil
}

// builder holds the mounts that are taken out of the host's tree before it is
// changed, until they are put in their places.
type builder struct {
	Plan
	root   string         // where the new root is while it is being built, "" if in place
	clones map[string]int // mounts of the host, detached: path -> descriptor
	opened []int          // the file systems of Mounts, detached
	layers []int          // those of Overlay.Layers
	proc   int            // the run's /proc, detached; -1 if it is not made yet
}

// Steps returns the set-up in order. The same process must carry out all.
func (p Plan) Steps() []Step {
	b := &builder{Plan: p, clones: map[string]int{}, proc: -1}
	var steps []Step
	add := func(wanted bool, name string, do func() error) {
		if wanted {
			steps = append(steps, Step{name, do})
		}
	}
	restricted := p.Readable != nil
	add(p.Loopback, "bring the loopback up", loopbackUp)
	add(true, "make mounts private", makePrivate)
	add(p.Dev, "open devices", b.cloneDevices)
	add(p.RootDir != "" || p.Overlay != nil, "open /proc", b.openProc) // which takes one that is in view
	add(len(p.Mounts) > 0, "open what is to be mounted", b.openMounts)
	add(p.Overlay != nil, MakeOverlay, b.openLayers)
	add(p.RootDir != "" && p.Overlay == nil, "change to the root filesystem", b.enterRoot)
	add(true, "open the places to write", b.cloneWritable)
	add(p.Overlay != nil, "change to the overlay", b.enterOverlay)
	add(true, "open the places to keep", b.cloneKept)
	add(restricted, "make a new root", b.newRoot)
	add(!restricted && !p.AnyWrite, "make the host read-only", hostReadOnly)
	add(true, "mount private directories", b.mountPrivate)
	add(p.Dev, "mount /dev", b.mountDev)
	add(p.Proc, "mount /proc", b.mountProc)
	add(true, "put places back", b.placeAll)
	add(len(p.Mounts) > 0, "mount", b.mountAll)
	add(len(p.Files) > 0, "make files", b.makeFiles)
	add(true, "make places below read-only", b.protect)
	add(restricted, "change the root", b.changeRoot)
	add(true, "hide", b.hide)
	add(p.Dir != "", "change the directory", func() error { return chdir(p.Dir) })
	return steps
}

func chdir(dir string) error {
	if err := unix.Chdir(dir); err != nil {
		return fmt.Errorf("chdir %s: %w", dir, err)
	}
	return nil
}

func makePrivate() error {
	return mountError("make private", "/", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

func mountError(what, path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, path, err)
}

package catbox

// Wrapper is another program, or another way, by which a command gets its root, its
// mounts and its namespaces in catbox's place. Catbox stands in front of the command
// inside of them: with Landlock, its filter and its supervisor, so that violations are
// refused and told, and the run can be recorded and have a fake root. Package executor
// has one for bubblewrap and one for chroot.
//
// What only catbox's own mounts hold is not to be had with a Wrapper: an overlay, hidden
// paths, a list of what may be read, the fake root's mode subuid.
type Wrapper struct {
	// Name is told in errors and in Result.Enforcement.
	Name string
	// Line returns the command line of a program that executes what follows it: with
	// Cmd.Root as its root and Cmd.Mounts in it, a /proc of a new pid namespace and a
	// /dev of harmless devices, and with the walls. The program has to leave
	// descriptors open, and to end all with the thread that started it
	// (PR_SET_PDEATHSIG of prctl(2)).
	Line func(Walls) ([]string, error)
	// Prepare is there instead of Line where no program is needed: it is called in a
	// thread of its own, has to give it a mount namespace, and makes Cmd.Mounts below
	// Cmd.Root, which becomes the root then; it shares the descriptors with the rest of the program. Processes and network are the host's, and
	// what is writable is held by Landlock and the supervisor alone.
	Prepare func() error
}

// Walls are what a Wrapper has to hold by itself.
type Walls struct {
	// Everywhere may be written; else only what is at and below the paths in Writable,
	// which are there: directories, devices, and mounts.
	Everywhere bool
	Writable   []string
	// Network asks for one of the command's own.
	Network bool
}

package image

import "slices"

// Command is what an image says of running it.
type Command struct {
	// Entrypoint and Cmd are the command's words. Those that a caller gives
	// take the place of Cmd, and stand behind Entrypoint. Only OCI and docker
	// images have an Entrypoint. Both empty: the image has no command.
	Entrypoint, Cmd []string
	Env             []string // NAME=value; nil: the image says nothing of it
	Dir             string   // an absolute path in the root; "" is /
	// User and Group are names or numbers, to look up with Credentials. In an
	// App Container image they can be a path, whose owner is meant. "": root.
	User, Group       string
	SupplementaryGIDs []int // groups besides; nil: none
	Hostname          string
	ReadOnlyRoot      bool
	StopSignal        string // to end it, as in SIGTERM or 15; "": SIGTERM
	MountPoints       []MountPoint
	Mounts            []Mount
	Ports             []Port
	EventHandlers     []EventHandler
	Isolators         []Isolator
}

// Args is the command line: the words given if there are any, else the
// image's own. Nil: neither has a command.
func (c Command) Args(given ...string) []string {
	if len(given) == 0 {
		given = c.Cmd
	}
	return append(slices.Clone(c.Entrypoint), given...)
}

// Handler is the command of an event, "pre-start" or "post-stop"; nil if there
// is none.
func (c Command) Handler(event string) []string {
	for _, h := range c.EventHandlers {
		if h.Name == event {
			return h.Args
		}
	}
	return nil
}

// MountPoint is where the image expects a directory from outside.
type MountPoint struct {
	Name     string // in App Container images; "" in others
	Path     string // absolute, in the root
	ReadOnly bool
}

// Mount is a mount that a bundle asks for, as in fstab(5).
type Mount struct {
	Source, Target, Type string
	Options              []string
}

// Port is one that the command listens on: Count ports from First on.
type Port struct {
	Name, Protocol string
	First, Count   int
	// SocketActivated: the command expects listening descriptors, as of
	// sd_listen_fds(3).
	SocketActivated bool
}

// EventHandler is a command to run before (pre-start) or after (post-stop) the
// image's own. It has the same user, environment and directory.
type EventHandler struct {
	Name string
	Args []string
}

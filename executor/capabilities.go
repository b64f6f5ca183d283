package executor

import (
	"slices"
)

// Capabilities is what an executor can do on this host.
type Capabilities struct {
	// Err says why the executor cannot run anything here; it is an
	// *UnavailableError. Nil: it works.
	Err error
	// Root tells that Spec.Root may be other than the host's.
	Root bool
	// Writable holds the kinds of Spec.Writable: "all", "none", "list".
	Writable []string
	// Mounts and Network hold the values that these fields of Spec may have.
	Mounts, Network []Isolation
	// MountTypes holds the types that a Mount may have; "bind" stands for the
	// option, and "any" for whatever the kernel and mount(8) know.
	MountTypes []string
	// Violations, Record and FakeRoot tell that what the command was denied is
	// reported, and that it can be recorded and can be root without being it; with
	// bubblewrap and chroot if catbox stands in front of it: see [Supervised].
	Violations, Record, FakeRoot bool
}

// Change is a part of a Spec that Degrade gave up.
type Change struct {
	Field    string // of Spec
	From, To string
}

// Degrade returns the Spec with what the executor cannot isolate here given up,
// and what that was. It calls warn, if not nil, with a sentence for each change.
// Only Mounts, Network and Writable are given up: without the rest of a Spec
// another command would run, or the same on other files.
func Degrade(e Executor, s Spec, warn func(string)) (Spec, []Change) {
	var changes []Change
	change := func(field, from, to string) {
		changes = append(changes, Change{field, from, to})
		if warn != nil {
			warn(e.Name() + ": " + field + " cannot be " + from + ": falling back to " + to)
		}
	}
	c := e.Capabilities()
	if !slices.Contains(c.Mounts, s.Mounts) {
		change("Mounts", s.Mounts.String(), Undefined.String())
		s.Mounts = Undefined
	}
	if !slices.Contains(c.Network, s.Network) {
		change("Network", s.Network.String(), Undefined.String())
		s.Network = Undefined
	}
	if !slices.Contains(c.Writable, s.Writable.kind()) {
		change("Writable", s.Writable.String(), writableAll)
		s.Writable = WritableAll()
	}
	return s, changes
}

// MaximumIsolation returns a Spec in which Mounts and Network are isolated as
// far as the executor can do that here. The rest of it is for the caller.
func MaximumIsolation(e Executor) Spec {
	c := e.Capabilities()
	var s Spec
	if slices.Contains(c.Mounts, Isolated) {
		s.Mounts = Isolated
	}
	if slices.Contains(c.Network, Isolated) {
		s.Network = Isolated
	}
	return s
}

// check refuses what the executor cannot do, and a Spec that makes no sense. It
// returns the Spec with its defaults filled in.
func check(e Executor, s Spec) (Spec, error) {
	s, err := s.validate()
	if err != nil {
		return s, err
	}
	c := e.Capabilities()
	if c.Err != nil {
		return s, c.Err
	}
	if !s.hostRoot() && !c.Root {
		return s, &UnsupportedError{e.Name(), "Root", s.Root, []string{"/"}}
	}
	if !slices.Contains(c.Writable, s.Writable.kind()) {
		return s, &UnsupportedError{e.Name(), "Writable", s.Writable.String(), c.Writable}
	}
	if err := checkIsolation(e, "Mounts", s.Mounts, c.Mounts); err != nil {
		return s, err
	}
	if err := checkIsolation(e, "Network", s.Network, c.Network); err != nil {
		return s, err
	}
	return s, checkTypes(e, s.ExtraMounts, c.MountTypes)
}

func checkIsolation(e Executor, field string, value Isolation, can []Isolation) error {
	if slices.Contains(can, value) {
		return nil
	}
	var names []string
	for _, i := range can {
		names = append(names, i.String())
	}
	return &UnsupportedError{e.Name(), field, value.String(), names}
}

func checkTypes(e Executor, mounts []Mount, can []string) error {
	for _, m := range mounts {
		kind := m.Type
		if isBind(m) {
			kind = "bind"
		}
		if m.Has("remount") || slices.Contains(can, "any") || slices.Contains(can, kind) {
			continue
		}
		return &UnsupportedError{e.Name(), "ExtraMounts", kind, can}
	}
	return nil
}

package executor

import (
	"slices"
	"strings"

	"github.com/catbox-go/catbox"
)

// Mount is a file system to be mounted for a command: see [catbox.Mount], and
// [catbox.ParseMount]. For an executor the Target need not be absolute, and is made if it
// is missing; the option "remount" is known too, with "ro"; and the Type may be
// whatever the executor can mount (Capabilities.MountTypes).
type Mount = catbox.Mount

func validateMount(m Mount) error {
	want := ""
	switch {
	case strings.ContainsRune(m.Source+m.Target+m.Type+strings.Join(m.Options, ""), 0):
		want = "text without a NUL"
	case empty(m.Target):
		want = "a target"
	case inside(m.Target) == "/" && !m.Has("remount"):
		want = "a target below /; Spec.Root is for what is at /"
	case isBind(m) && m.Source == "":
		want = "a source to bind"
	case (isBind(m) || m.Has("remount")) && !empty(m.Type):
		want = `no type, or "none", with bind and remount`
	case !isBind(m) && !m.Has("remount") && empty(m.Type):
		want = "a type, or one of the options bind, rbind and remount"
	default:
		return nil
	}
	return &SpecError{"ExtraMounts", m.String(), want}
}

// empty tells whether a field of fstab says nothing.
func empty(field string) bool { return field == "" || field == "none" }

// isBind tells whether it shows a file or directory of the host.
func isBind(m Mount) bool { return m.Has("bind") || m.Has("rbind") }

// targetOf is where the mount is made, absolute inside the root and clean.
func targetOf(m Mount) string { return inside(m.Target) }

// others returns the options that are not among known.
func others(m Mount, known ...string) []string {
	return slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { return slices.Contains(known, o) })
}

// plainMount says by the option what the type "bind" says, and nothing that is empty.
func plainMount(m Mount) Mount {
	m.Options = slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { return o == "" })
	if m.Type == "bind" {
		m.Type = ""
		if !isBind(m) {
			m.Options = append(m.Options, "bind")
		}
	}
	return m
}

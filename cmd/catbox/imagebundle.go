package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/internal/paths"
)

// ownPlaces are those that every run has its own of, or none: what a bundle mounts
// there is left out.
var ownPlaces = []string{"/proc", "/dev", "/sys", "/tmp"}

// bundleMounts adds the mounts that a runtime bundle asks for and that a user can
// have, and says which are left out.
func (s *imageSession) bundleMounts() error {
	for _, m := range s.img.Command.Mounts {
		target := filepath.Join("/", m.Target)
		switch {
		case paths.UnderAny(target, ownPlaces):
		case m.Type == "tmpfs":
			s.view.mount(catbox.Mount{Source: "tmpfs", Target: target, Type: "tmpfs", Options: slices.DeleteFunc(slices.Clone(m.Options), unwanted)})
		case m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind"):
			s.view.mount(bundleBind(s.img, m, target))
		default:
			say("the bundle's mount of type %s at %s is left out: want bind or tmpfs", m.Type, target)
		}
	}
	return nil
}

// bundleBind is a bind mount, whose source is relative to the bundle
// (runtime-spec, config.md, "Mounts").
func bundleBind(img *image.Image, m image.Mount, target string) catbox.Mount {
	bind := catbox.Mount{Source: m.Source, Target: target, Type: "bind"}
	if !filepath.IsAbs(bind.Source) {
		bind.Source = filepath.Join(img.Path, bind.Source)
	}
	for _, o := range m.Options {
		switch o {
		case "ro", "nosuid", "nodev", "noexec":
			bind.Options = append(bind.Options, o)
		}
	}
	return bind
}

// unwanted tells of options of a tmpfs that name ids of the host.
func unwanted(option string) bool {
	return strings.HasPrefix(option, "uid=") || strings.HasPrefix(option, "gid=") || option == "strictatime"
}

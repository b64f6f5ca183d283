package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/record"
)

// mountPoints finds for each of the image's mount points what is mounted there.
func (s *imageSession) mountPoints() error {
	volumes := maps.Clone(s.volumes)
	var missing []string
	for _, p := range s.img.Command.MountPoints {
		name, dir := p.Path, ""
		if _, given := volumes[p.Name]; given && p.Name != "" {
			name = p.Name
		}
		dir, given := volumes[name]
		delete(volumes, name)
		switch {
		case given && dir != "empty":
			if err := s.view.bindVolume(p, dir); err != nil {
				return fmt.Errorf("--volume %s: %w", name, err)
			}
		case given || s.view.covered(s.run.Bind, p.Path):
			s.view.empty(given, p.Path)
		case p.Name == "":
			s.view.volumes = append(s.view.volumes, p.Path)
		default:
			missing = append(missing, fmt.Sprintf("%s (%s)", p.Name, p.Path))
		}
	}
	if len(missing) > 0 {
		return usage("the image has mount points for which nothing is given: %s: give --volume NAME=DIR, or NAME=empty", strings.Join(missing, ", "))
	}
	if len(volumes) > 0 {
		return usage("--volume %s: the image has no mount point of that name: %s", record.Quote(slices.Sorted(maps.Keys(volumes))[0]), s.mountPointNames())
	}
	return s.bundleMounts()
}

func (s *imageSession) mountPointNames() string {
	var all []string
	for _, p := range s.img.Command.MountPoints {
		all = append(all, either(p.Name, p.Path))
	}
	if all == nil {
		return "it has none"
	}
	return "there are " + strings.Join(all, ", ")
}

package image

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// configure takes the command from an image's configuration (image-spec,
// config.md).
func (img *Image) configure(f *v1.ConfigFile, o Options) error {
	if f.OS != "" && f.Architecture != "" {
		img.Platform = f.OS + "/" + f.Architecture
		if f.Variant != "" {
			img.Platform += "/" + f.Variant
		}
		img.warnPlatform(o)
	}
	k := f.Config
	c := &img.Command
	c.Entrypoint, c.Cmd, c.StopSignal, c.Hostname = k.Entrypoint, k.Cmd, k.StopSignal, k.Hostname
	c.User, c.Group, _ = strings.Cut(k.User, ":")
	if err := c.setEnv(k.Env); err != nil {
		return err
	}
	if c.Dir = k.WorkingDir; c.Dir != "" && !path.IsAbs(c.Dir) {
		return fmt.Errorf("configuration: WorkingDir is %q: the path has to begin with /", c.Dir)
	}
	for _, p := range slices.Sorted(maps.Keys(k.Volumes)) {
		c.MountPoints = append(c.MountPoints, MountPoint{Path: path.Join("/", p)})
	}
	if err := img.exposed(k.ExposedPorts); err != nil {
		return err
	}
	if k.Healthcheck != nil && len(k.Healthcheck.Test) > 0 {
		img.warn("Healthcheck is not used: a command is run once, nobody asks for its health")
	}
	return nil
}

func (c *Command) setEnv(env []string) error {
	for _, e := range env {
		name, _, ok := strings.Cut(e, "=")
		if !ok || name == "" || strings.Contains(e, "\x00") {
			return fmt.Errorf("configuration: a variable is %q: it has to be NAME=value", e)
		}
	}
	c.Env = env
	return nil
}

func (img *Image) exposed(ports map[string]struct{}) error {
	for _, p := range slices.Sorted(maps.Keys(ports)) {
		number, protocol, ok := strings.Cut(p, "/")
		if !ok {
			protocol = "tcp"
		}
		first, last, isRange := strings.Cut(number, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil || to < from {
			return fmt.Errorf("configuration: ExposedPorts has %q: it has to be port/protocol, as in 80/tcp", p)
		}
		img.Command.Ports = append(img.Command.Ports, Port{Protocol: protocol, First: int(from), Count: int(to-from) + 1})
	}
	return nil
}

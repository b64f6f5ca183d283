//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// archives are the kinds of image that are unpacked, by the compression of their layers.
var archives = []struct {
	name, title string
	gzip        bool
	write       func(dir string, layers []layer) (string, error)
}{
	{"docker", "docker archive, plain layers", false, writeDockerArchive},
	{"oci-gzip", "OCI layout, layers by gzip", true, writeLayout},
}

// layerSources are what layers are made of: real files, programs and texts.
var layerSources = []string{"/usr/lib", "/usr/share"}

const layersOfImage = 4

func (s *session) images() string { return filepath.Join(s.dir, "images") }

// measureUnpack unpacks the same layers as an image and one by one.
func (s *session) measureUnpack(ctx context.Context) error {
	if err := os.Mkdir(s.images(), 0o755); err != nil {
		return err
	}
	set, err := makeLayers(ctx, s.images(), layerSources, int64(s.opt.pick(200e6, 40e6)), layersOfImage)
	if err != nil {
		return err
	}
	for _, a := range archives {
		layers := set.layers
		if a.gzip {
			if layers, err = compressed(layers); err != nil {
				return err
			}
		}
		path, err := a.write(filepath.Join(s.images(), a.name), layers)
		if err != nil {
			return err
		}
		if err := s.measureArchive(ctx, "image-unpack/"+a.name, a.title, path, layers, set); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) measureArchive(ctx context.Context, name, title, path string, layers []layer, set layerSet) error {
	s.add(variant{name: "catbox-unpack", wrap: prefix(s.binary, "image", "unpack", path, "rootfs"), missing: s.noBinary},
		variant{name: "tar", wrap: prefix(untarCommand(layers)...)})
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: name, Unit: "s", References: []string{"tar"},
			Title: fmt.Sprintf("unpack %d files, %.0f MB, from an image: %s", set.files, float64(set.bytes)/1e6, title)},
		variants: []string{"catbox-unpack", "tar"},
		rounds:   s.opt.runs,
		setUp: func(context.Context) error {
			if err := s.freshTree(); err != nil {
				return err
			}
			return s.settle()
		},
		value: func(o outcome) (float64, error) {
			if _, err := os.Lstat(filepath.Join(s.tree(), "rootfs", set.last)); err != nil {
				return 0, fmt.Errorf("exit status 0, but not all is there: %w", err)
			}
			return wallSeconds(o)
		},
	})
}

// untarCommand unpacks layers one over the other, whiteouts left aside.
func untarCommand(layers []layer) []string {
	argv := []string{"sh", "-c", `mkdir rootfs && for layer; do tar -xf "$layer" -C rootfs || exit; done`, "sh"}
	for _, l := range layers {
		argv = append(argv, l.path)
	}
	return argv
}

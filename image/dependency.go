package image

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/image/internal/appc"
	"github.com/catbox-go/catbox/image/internal/unpack"
)

// candidate is an image file in which dependencies are looked up.
type candidate struct {
	img      *Image
	manifest *appc.Manifest
	size     int64
}

// maxDepth and maxLayers bound the graph of dependencies: its paths can grow
// with the power of its images.
const (
	maxDepth  = 64
	maxLayers = 1000
)

// renderer puts an image and what it depends on in order (ace.md, "Filesystem
// Setup"): depth first, each dependency before the image that names it.
type renderer struct {
	candidates []candidate
	layers     []layer
}

func render(img *Image, m *appc.Manifest, o Options) ([]layer, error) {
	r := &renderer{}
	if len(m.Dependencies) > 0 {
		for _, file := range o.Dependencies {
			if err := r.add(file); err != nil {
				return nil, err
			}
		}
	}
	if err := r.visit(img, m, nil, nil); err != nil {
		return nil, err
	}
	return r.layers, nil
}

func (r *renderer) add(file string) error {
	kind, m, err := recognise(file)
	if err != nil {
		return fmt.Errorf("dependency %s: %w", file, err)
	}
	if kind != AppContainer {
		return fmt.Errorf("dependency %s: it is no App Container image", file)
	}
	l, err := fileLayer(file, "")
	if err != nil {
		return err
	}
	dep := &Image{Format: AppContainer, Path: file, Name: m.Name}
	dep.hasher = func(ctx context.Context) (string, error) { return imageID(ctx, file) }
	r.candidates = append(r.candidates, candidate{dep, m, l.size})
	return nil
}

// visit adds the layers of an image. way are the images that led here, lists
// the white lists of those: a file has to be on all of them.
func (r *renderer) visit(img *Image, m *appc.Manifest, way []string, lists []whitelist) error {
	if slices.Contains(way, img.Path) || len(way) > maxDepth {
		return fmt.Errorf("dependencies go in a circle: %s", strings.Join(append(way, img.Path), " needs "))
	}
	way = append(slices.Clone(way), img.Path)
	if len(m.PathWhitelist) > 0 {
		lists = append(slices.Clone(lists), newWhitelist(m.PathWhitelist))
	}
	for _, d := range m.Dependencies {
		c, err := r.find(d)
		if err != nil {
			return fmt.Errorf("%s needs %s: %w", m.Name, d, err)
		}
		if err := r.visit(c.img, c.manifest, way, lists); err != nil {
			return err
		}
	}
	return r.append(img, m, lists)
}

func (r *renderer) append(img *Image, m *appc.Manifest, lists []whitelist) error {
	if len(r.layers) >= maxLayers {
		return fmt.Errorf("more than %d images on top of one another", maxLayers)
	}
	l, err := fileLayer(img.Path, m.Name)
	if err != nil {
		return err
	}
	l.image = img
	l.rules = unpack.Layer{ReplaceLinks: true, Name: inRootfs}
	if len(lists) > 0 {
		l.rules.Keep = func(p string) bool {
			return !slices.ContainsFunc(lists, func(w whitelist) bool { return !w[p] })
		}
	}
	r.layers = append(r.layers, l)
	return nil
}

// find is the first image with the name, and with at least the labels, that a
// dependency has; of those the one whose ID and size it has.
func (r *renderer) find(d appc.Dependency) (candidate, error) {
	var others []string
	for _, c := range r.candidates {
		if c.manifest.Name != d.ImageName {
			continue
		}
		why, err := mismatch(c, d)
		if err != nil {
			return candidate{}, err
		}
		if why == "" {
			return c, nil
		}
		others = append(others, fmt.Sprintf("%s (%s)", c.img.Path, why))
	}
	switch {
	case others != nil:
		return candidate{}, fmt.Errorf("none of the files with that name fits: %s", strings.Join(others, ", "))
	case len(r.candidates) == 0:
		return candidate{}, errors.New("no image files were given to look it up in")
	}
	return candidate{}, fmt.Errorf("it is not among the image files given: %s", strings.Join(r.names(), ", "))
}

func (r *renderer) names() []string {
	var names []string
	for _, c := range r.candidates {
		names = append(names, c.manifest.Name)
	}
	return names
}

// mismatch says why an image is not what a dependency asks for; "" if it is.
func mismatch(c candidate, d appc.Dependency) (string, error) {
	for _, l := range d.Labels {
		if v, ok := c.manifest.Label(l.Name); !ok || v != l.Value {
			return fmt.Sprintf("its label %s is %q, not %q", l.Name, v, l.Value), nil
		}
	}
	if d.Size != nil && *d.Size != c.size {
		return fmt.Sprintf("it has %d bytes, not %d", c.size, *d.Size), nil
	}
	if d.ImageID == "" {
		return "", nil
	}
	id, err := c.img.Digest(context.Background())
	if err == nil && id != d.ImageID {
		return fmt.Sprintf("its image ID is %.20s..., not %.20s...", id, d.ImageID), nil
	}
	return "", err
}

// whitelist are the paths of a pathWhitelist, and the directories above them,
// without which they could not be.
type whitelist map[string]bool

func newWhitelist(paths []string) whitelist {
	w := whitelist{".": true}
	for _, p := range paths {
		for p = path.Clean(p)[1:]; p != "" && p != "."; p = path.Dir(p) {
			w[p] = true
		}
	}
	return w
}

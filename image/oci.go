package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/catbox-go/catbox/image/internal/blob"
	"github.com/catbox-go/catbox/image/internal/unpack"
)

// maxJSON is the most bytes of an index, a manifest or a configuration. The
// distribution specification has registries take manifests up to 4 MiB.
const maxJSON = 4 << 20

// refName is the annotation with an image's name in a layout (image-spec,
// annotations.md).
const refName = "org.opencontainers.image.ref.name"

func (img *Image) openLayoutDir(o Options) error {
	src, err := blob.Dir(img.Path)
	if err != nil {
		return err
	}
	img.closer = append(img.closer, src)
	return img.openLayout(src, o)
}

// openLayout reads an image layout (image-spec, image-layout.md).
func (img *Image) openLayout(src blob.Source, o Options) error {
	img.Format = OCILayout
	want, err := o.wanted()
	if err != nil {
		return err
	}
	if err := checkLayout(src); err != nil {
		return err
	}
	index, err := readJSON[v1.IndexManifest](src, "index.json")
	if err != nil {
		return err
	}
	d, err := named(index.Manifests, o.Ref, want)
	if err != nil {
		return err
	}
	img.Name = d.Annotations[refName]
	d, err = resolve(src, d, want)
	if err != nil {
		return err
	}
	return img.openManifest(src, d, o)
}

func checkLayout(src blob.Source) error {
	l, err := readJSON[struct {
		Version string `json:"imageLayoutVersion"`
	}](src, "oci-layout")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // archives of old tools lack it
	}
	if err == nil && l.Version != "1.0.0" {
		err = fmt.Errorf("oci-layout: imageLayoutVersion is %q: only 1.0.0 is known", l.Version)
	}
	return err
}

func readJSON[T any](src blob.Source, name string) (*T, error) {
	data, err := blob.Read(src, name, maxJSON)
	if err != nil {
		return nil, err
	}
	return parseJSON[T](name, data)
}

func parseJSON[T any](name string, data []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// named is the entry that ref names, or the only one; several that differ by
// platform are one.
func named(list []v1.Descriptor, ref string, want v1.Platform) (v1.Descriptor, error) {
	if len(list) == 0 {
		return v1.Descriptor{}, errors.New("index.json lists no image")
	}
	var names []string
	var found []v1.Descriptor
	for _, d := range list {
		name := d.Annotations[refName]
		if ref == "" || ref == name || ref == d.Digest.String() {
			found = append(found, d)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return v1.Descriptor{}, fmt.Errorf("no image is called %q; there are: %s", ref, quoted(names))
	case ref == "" && len(names) > 1:
		return v1.Descriptor{}, fmt.Errorf("there are several images, say which (Ref): %s", quoted(names))
	}
	return choose(found, want)
}

// maxIndexes is how deep indexes may lie in one another.
const maxIndexes = 8

// resolve goes from an index to the manifest for the platform.
func resolve(src blob.Source, d v1.Descriptor, want v1.Platform) (v1.Descriptor, error) {
	for range maxIndexes {
		if !d.MediaType.IsIndex() {
			return d, nil
		}
		data, err := readBlob(src, d)
		if err != nil {
			return d, err
		}
		index, err := parseJSON[v1.IndexManifest](d.Digest.String(), data)
		if err != nil {
			return d, err
		}
		if d, err = choose(index.Manifests, want); err != nil {
			return d, err
		}
	}
	return d, fmt.Errorf("more than %d indexes in one another", maxIndexes)
}

func blobPath(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// readBlob reads a description, and checks its digest.
func readBlob(src blob.Source, d v1.Descriptor) ([]byte, error) {
	data, err := blob.Read(src, blobPath(d.Digest), maxJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not in the image: the copy is not complete", d.Digest)
	}
	if err != nil {
		return nil, err
	}
	got, _, err := v1.SHA256(bytes.NewReader(data))
	if err == nil && got != d.Digest {
		err = fmt.Errorf("%s: its bytes have the digest %s: it is damaged, or was tampered with", d.Digest, got)
	}
	return data, err
}

func (img *Image) openManifest(src blob.Source, d v1.Descriptor, o Options) error {
	data, err := readBlob(src, d)
	if err != nil {
		return err
	}
	m, err := parseJSON[v1.Manifest](d.Digest.String(), data)
	if err != nil {
		return err
	}
	if len(m.Layers) > 0 && !isImage(m) {
		return fmt.Errorf("%s is an artifact of type %q, not an image to run", d.Digest, m.Config.MediaType)
	}
	data, err = readBlob(src, m.Config)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	config, err := parseJSON[v1.ConfigFile]("configuration", data)
	if err != nil {
		return err
	}
	img.digest = d.Digest.String()
	if err := img.blobLayers(src, m.Layers, config); err != nil {
		return err
	}
	return img.configure(config, o)
}

func isImage(m *v1.Manifest) bool {
	return m.Config.MediaType.IsConfig()
}

func (img *Image) blobLayers(src blob.Source, list []v1.Descriptor, config *v1.ConfigFile) error {
	diffs := config.RootFS.DiffIDs
	if len(diffs) != len(list) {
		return fmt.Errorf("the configuration has %d layers (rootfs.diff_ids), the manifest %d", len(diffs), len(list))
	}
	for i, d := range list {
		if strings.HasSuffix(string(d.MediaType), "+encrypted") {
			return fmt.Errorf("layer %s is encrypted: decrypt the image first", d.Digest)
		}
		open, err := opener(src, d)
		if err != nil {
			return err
		}
		img.layers = append(img.layers, layer{
			what: "layer " + d.Digest.String(), size: d.Size, open: open,
			stored: d.Digest.String(), diff: diffs[i].String(), rules: unpack.Layer{Whiteouts: true},
		})
	}
	return nil
}

// opener opens a layer, whose size is looked at now.
func opener(src blob.Source, d v1.Descriptor) (func() (io.ReadCloser, error), error) {
	if d.Digest.Algorithm != "sha256" {
		return nil, fmt.Errorf("layer %s: only sha256 digests are known", d.Digest)
	}
	name := blobPath(d.Digest)
	f, size, err := src.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("layer %s is not in the image: the copy is not complete, or it has to be fetched from elsewhere", d.Digest)
	}
	if err != nil {
		return nil, err
	}
	f.Close()
	if size != d.Size {
		return nil, fmt.Errorf("layer %s has %d bytes, not %d as the manifest says", d.Digest, size, d.Size)
	}
	return func() (io.ReadCloser, error) {
		f, _, err := src.Open(name)
		return f, err
	}, nil
}

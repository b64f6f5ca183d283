package image

import (
	"bytes"
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

// saved is an entry of manifest.json, docker's list of what it saved
// (moby, image/tarexport/tarexport.go).
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func (s saved) String() string { return strings.Join(append(s.RepoTags, s.Config), " ") }

func (img *Image) openDocker(src blob.Source, o Options) error {
	img.Format = DockerArchive
	if _, err := o.wanted(); err != nil {
		return err
	}
	list, err := readJSON[[]saved](src, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("the archive has neither index.json (OCI layout) nor manifest.json (docker save)")
	}
	if err != nil {
		return err
	}
	s, err := pick(*list, o.Ref)
	if err != nil {
		return err
	}
	if len(s.RepoTags) > 0 {
		img.Name = s.RepoTags[0]
	}
	return img.openSaved(src, s, o)
}

func pick(list []saved, ref string) (saved, error) {
	if len(list) == 0 {
		return saved{}, errors.New("manifest.json lists no image")
	}
	if ref == "" && len(list) == 1 {
		return list[0], nil
	}
	var names []string
	for _, s := range list {
		if slices.Contains(s.RepoTags, ref) || slices.Contains(s.RepoTags, ref+":latest") || ref != "" && s.Config == ref {
			return s, nil
		}
		names = append(names, s.String())
	}
	if ref == "" {
		return saved{}, fmt.Errorf("there are several images, say which (Ref): %s", quoted(names))
	}
	return saved{}, fmt.Errorf("no image is called %q; there are: %s", ref, quoted(names))
}

func (img *Image) openSaved(src blob.Source, s saved, o Options) error {
	data, err := blob.Read(src, s.Config, maxJSON)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	digest, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return err
	}
	// Its name is its digest: <hex>.json, or blobs/sha256/<hex>.
	if base := s.Config[strings.LastIndex(s.Config, "/")+1:]; strings.TrimSuffix(base, ".json") != digest.Hex {
		return fmt.Errorf("configuration %s: its bytes have the digest %s: it is damaged, or was tampered with", s.Config, digest)
	}
	config, err := parseJSON[v1.ConfigFile]("configuration", data)
	if err != nil {
		return err
	}
	img.digest = digest.String()
	if err := img.savedLayers(src, s.Layers, config.RootFS.DiffIDs); err != nil {
		return err
	}
	return img.configure(config, o)
}

func (img *Image) savedLayers(src blob.Source, names []string, diffs []v1.Hash) error {
	if len(diffs) != len(names) {
		return fmt.Errorf("the configuration has %d layers (rootfs.diff_ids), manifest.json %d", len(diffs), len(names))
	}
	for i, name := range names {
		f, size, err := src.Open(name)
		if err != nil {
			return fmt.Errorf("layer %s: %w", name, bare(err))
		}
		f.Close()
		open := func() (io.ReadCloser, error) {
			f, _, err := src.Open(name)
			return f, err
		}
		img.layers = append(img.layers, layer{
			what: "layer " + name, size: size, open: open,
			diff: diffs[i].String(), rules: unpack.Layer{Whiteouts: true},
		})
	}
	return nil
}

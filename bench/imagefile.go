//go:build linux

package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// config is an image's configuration
// (https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md).
func config(layers []layer) ([]byte, error) {
	var diffIDs []string
	for _, l := range layers {
		diffIDs = append(diffIDs, "sha256:"+l.diffID)
	}
	return json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{"Cmd": []string{"/bin/true"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
}

// writeDockerArchive writes what docker save does
// (https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.3.1.md).
func writeDockerArchive(path string, layers []layer) (file string, err error) {
	file = path + ".tar"
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	t := tar.NewWriter(f)
	return file, errors.Join(dockerArchive(t, layers), t.Close(), f.Close())
}

func dockerArchive(t *tar.Writer, layers []layer) error {
	var names []string
	for _, l := range layers {
		names = append(names, l.digest+"/layer.tar")
		if err := tarFile(t, names[len(names)-1], l.path); err != nil {
			return err
		}
	}
	conf, err := config(layers)
	if err != nil {
		return err
	}
	confName := sha256Hex(conf) + ".json"
	manifest, err := json.Marshal([]any{map[string]any{"Config": confName, "RepoTags": []string{"bench:latest"}, "Layers": names}})
	if err != nil {
		return err
	}
	return errors.Join(tarBytes(t, confName, conf), tarBytes(t, "manifest.json", manifest))
}

func tarFile(t *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

func tarBytes(t *tar.Writer, name string, data []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err := t.Write(data)
	return err
}

const mediaType = "application/vnd.oci.image."

// writeLayout writes an OCI image layout
// (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).
func writeLayout(dir string, layers []layer) (string, error) {
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return "", err
	}
	var descriptors []any
	for _, l := range layers {
		if err := os.Link(l.path, filepath.Join(blobs, l.digest)); err != nil {
			return "", err
		}
		descriptors = append(descriptors, descriptor(l.mediaType(), l.digest, l.size))
	}
	conf, err := config(layers)
	if err != nil {
		return "", err
	}
	manifest, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": mediaType + "manifest.v1+json",
		"config": descriptor(mediaType+"config.v1+json", sha256Hex(conf), int64(len(conf))), "layers": descriptors})
	if err != nil {
		return "", err
	}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2,
		"manifests": []any{descriptor(mediaType+"manifest.v1+json", sha256Hex(manifest), int64(len(manifest)))}})
	if err != nil {
		return "", err
	}
	return dir, errors.Join(
		os.WriteFile(filepath.Join(blobs, sha256Hex(conf)), conf, 0o644),
		os.WriteFile(filepath.Join(blobs, sha256Hex(manifest)), manifest, 0o644),
		os.WriteFile(filepath.Join(dir, "index.json"), index, 0o644),
		os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644))
}

func (l layer) mediaType() string {
	if l.gzip {
		return mediaType + "layer.v1.tar+gzip"
	}
	return mediaType + "layer.v1.tar"
}

func descriptor(kind, digest string, size int64) map[string]any {
	return map[string]any{"mediaType": kind, "digest": "sha256:" + digest, "size": size}
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

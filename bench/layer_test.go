//go:build linux

package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/image"
)

// testFiles is a directory with files of the given sizes, named a, b, c...
func testFiles(t *testing.T, sizes ...int) string {
	t.Helper()
	dir := t.TempDir()
	for i, size := range sizes {
		writeFile(t, filepath.Join(dir, string(rune('a'+i))), strings.Repeat("x", size))
	}
	return dir
}

func namesIn(t *testing.T, l layer) []string {
	t.Helper()
	f, err := os.Open(l.path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if l.gzip {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			names = append(names, filepath.Base(h.Name))
		}
	}
}

func TestLayersHoldAsManyFilesAsWereAskedFor(t *testing.T) {
	source := testFiles(t, 600, 600, 1, 1, 1200, 5)
	set, err := makeLayers(t.Context(), t.TempDir(), []string{source}, 2000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if set.files != 5 || set.bytes != 2402 || set.last != filepath.Join(source, "e")[1:] || len(set.layers) != 2 {
		t.Fatalf("got %+v", set)
	}
	if got := namesIn(t, set.layers[0]); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the first layer has %v", got)
	}
	zipped, err := compressed(set.layers)
	if err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, zipped[1]); !slices.Equal(got, []string{"c", "d", "e"}) {
		t.Errorf("the second layer has %v", got)
	}
}

func TestSourcesGiveEqualParts(t *testing.T) {
	one, other := testFiles(t, 600, 600, 600), testFiles(t, 700, 700)
	set, err := makeLayers(t.Context(), t.TempDir(), []string{one, other}, 2000, 2)
	if err != nil || len(set.layers) != 2 {
		t.Fatalf("got %+v, %v", set, err)
	}
	if first, second := namesIn(t, set.layers[0]), namesIn(t, set.layers[1]); len(first) != 2 || len(second) != 2 {
		t.Errorf("the layers have %v and %v", first, second)
	}
}

func TestLayersLeaveHugeFilesOut(t *testing.T) {
	source := testFiles(t, 10, largest+1, 20)
	set, err := makeLayers(t.Context(), t.TempDir(), []string{source}, 1<<30, 1)
	if err != nil || set.files != 2 || set.bytes != 30 {
		t.Errorf("%d files, %d bytes, %v", set.files, set.bytes, err)
	}
}

func TestNoFilesAreNoImage(t *testing.T) {
	source := t.TempDir()
	if _, err := makeLayers(t.Context(), t.TempDir(), []string{source}, 100, 1); err == nil || !strings.Contains(err.Error(), source) {
		t.Errorf("got %v", err)
	}
}

// What is measured is an image for catbox too, with all that was put into it.
func TestArchivesAreImages(t *testing.T) {
	source := testFiles(t, 10, 20, 30)
	for _, a := range archives {
		t.Run(a.name, func(t *testing.T) {
			dir := t.TempDir()
			set, err := makeLayers(t.Context(), dir, []string{source}, 60, 2)
			if err != nil {
				t.Fatal(err)
			}
			layers := set.layers
			if a.gzip {
				if layers, err = compressed(layers); err != nil {
					t.Fatal(err)
				}
			}
			path, err := a.write(filepath.Join(dir, a.name), layers)
			if err != nil {
				t.Fatal(err)
			}
			img, err := image.Open(path, image.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer img.Close()
			rootfs := filepath.Join(dir, "rootfs")
			if err := img.Unpack(t.Context(), rootfs, image.UnpackOptions{Unprivileged: true, Note: func(image.Noted) error { return nil }}); err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(filepath.Join(rootfs, set.last)); err != nil || st.Size() != 30 {
				t.Errorf("the last file: %v, %v", st, err)
			}
		})
	}
}

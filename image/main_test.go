package image_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/image"
	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/internal/testenv"
)

func TestMain(m *testing.M) {
	testenv.Main(testenv.Helpers{"cache-root": cacheRoot})
	os.Exit(m.Run())
}

// write makes a file of the test, and returns its path.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t testing.TB, path string, o image.Options) *image.Image {
	t.Helper()
	img, err := image.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { img.Close() })
	return img
}

// unpacked is the tree of an image.
func unpacked(t testing.TB, img *image.Image) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	if err := img.Unpack(context.Background(), dir, image.UnpackOptions{}); err != nil {
		t.Fatal(err)
	}
	return Tree(t, dir)
}

// fails opens an image that must be refused with words.
func fails(t testing.TB, path string, o image.Options, words ...string) {
	t.Helper()
	img, err := image.Open(path, o)
	if err == nil {
		img.Close()
		t.Errorf("%s was opened, want an error with %q", path, words)
		return
	}
	has(t, err, words...)
}

func has(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %q, want it to have %q", fmt.Sprint(err), w)
		}
	}
}

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

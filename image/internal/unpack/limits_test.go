package unpack_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/image/internal/unpack"
)

func TestLimits(t *testing.T) {
	small := []Entry{{Name: "a", Body: "12345"}, {Name: "b", Body: "12345"}, {Name: "c/d/e", Body: ""}}
	for _, test := range []struct {
		limits unpack.Limits
		want   string
	}{
		{unpack.Limits{Bytes: 9}, "bytes"},
		{unpack.Limits{Entries: 2}, "entries"},
		{unpack.Limits{Depth: 2}, "depth"},
	} {
		_, err := unpackAll(t, unpack.Options{Limits: test.limits}, layer, Tar(t, small...))
		limit, ok := errors.AsType[*unpack.LimitError](err)
		if !ok || limit.Limit != test.want {
			t.Errorf("%+v: %v", test.limits, err)
		}
	}
	if _, err := unpackAll(t, unpack.Options{Limits: unpack.Limits{Bytes: 1 << 20, Entries: 3, Depth: 3}}, layer, Tar(t, small...)); err != nil {
		t.Errorf("just within: %v", err)
	}
}

func TestSizeThatLies(t *testing.T) {
	huge := &tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 1 << 40, Format: tar.FormatPAX}
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(huge); err != nil {
		t.Fatal(err)
	}
	if _, err := unpackAll(t, unpack.Options{}, layer, b.Bytes()); err == nil || !strings.Contains(err.Error(), "limit of bytes") {
		t.Errorf("1 TiB in a header: %v", err)
	}
	if _, err := unpackAll(t, unpack.Options{Limits: unpack.Limits{Bytes: 1 << 50}}, layer, b.Bytes()); err == nil {
		t.Error("an archive that is cut off was taken")
	}
}

func TestCutOff(t *testing.T) {
	whole := Tar(t, Entry{Name: "a", Body: strings.Repeat("x", 3000)})
	for _, n := range []int{100, 600, 2000} {
		if _, err := unpackAll(t, unpack.Options{}, layer, whole[:n]); err == nil {
			t.Errorf("%d bytes of %d were taken", n, len(whole))
		}
	}
}

func TestNotEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack.Create(dir, unpack.Options{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("unpacking over files: %v", err)
	}
}

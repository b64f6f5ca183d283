package fuseoverlay

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/internal/testenv"
)

func need(t *testing.T) {
	t.Helper()
	if errors.Is(Available(), fs.ErrPermission) {
		testenv.Elsewhere(t, "/dev/fuse is for root alone here")
	}
	testenv.Need(t, "fuse-overlayfs", func() error {
		if err := Available(); err != nil {
			return errors.Join(errors.ErrUnsupported, err)
		}
		return nil
	})
}

// layers are two directories with a file each, with names that mean something in a
// list of options.
func layers(t *testing.T) Layers {
	t.Helper()
	dir := t.TempDir()
	l := Layers{Upper: filepath.Join(dir, "u"), Work: filepath.Join(dir, "w"), At: filepath.Join(dir, "at")}
	for _, name := range []string{"a:b", `c,d\`} {
		l.Lower = append(l.Lower, filepath.Join(dir, name))
	}
	for _, d := range append(l.Lower, l.Upper, l.Work, l.At) {
		must(t, os.Mkdir(d, 0o755))
	}
	for _, d := range l.Lower {
		must(t, os.WriteFile(filepath.Join(d, "file"), []byte(d), 0o644))
	}
	must(t, os.WriteFile(filepath.Join(l.Lower[1], "below"), nil, 0o644))
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWrittenIsInTheUpperLayerAfterClose(t *testing.T) {
	need(t)
	testenv.Leaks(t)
	l := layers(t)
	for _, name := range []string{"one", "two"} { // a second time over the same
		s, err := Start(l)
		must(t, err)
		for _, below := range []string{"file", "below"} {
			_, err := os.Stat(filepath.Join(l.At, below))
			must(t, err)
		}
		must(t, os.WriteFile(filepath.Join(l.At, name), []byte(name), 0o644))
		must(t, s.Close())
		if got, err := os.ReadFile(filepath.Join(l.Upper, name)); string(got) != name {
			t.Errorf("upper layer: %q, %v", got, err)
		}
	}
	if names, err := os.ReadDir(l.At); err != nil || len(names) > 0 {
		t.Errorf("still mounted: %v, %v", names, err)
	}
}

func TestAMountWhoseServerWasKilled(t *testing.T) {
	need(t)
	l := layers(t)
	s, err := Start(l)
	must(t, err)
	must(t, s.process.Kill())
	<-s.ended
	if !isDead(l.At) {
		t.Error("the server is still there")
	}
	s, err = Start(l)
	must(t, err)
	must(t, s.Close())
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	need(t)
	for name, change := range map[string]func(*Layers){
		"no such file":  func(l *Layers) { l.Lower[0] += "-not" },
		"not a direct":  func(l *Layers) { l.Upper = filepath.Join(l.Lower[0], "file") },
		"no such file ": func(l *Layers) { l.At += "-not" },
	} {
		l := layers(t)
		change(&l)
		s, err := Start(l)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, s.Close())
	}
}

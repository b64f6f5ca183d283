package early

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

func TestArguments(t *testing.T) {
	if got := arguments(); !slices.Equal(got, os.Args) {
		t.Errorf("%q, and not %q", got, os.Args)
	}
}

func TestFieldsThatAreCutOff(t *testing.T) {
	if got := fields([]byte("catbox\x00run\x00ma")); !slices.Equal(got, []string{"catbox", "run"}) {
		t.Errorf("%q", got)
	}
}

const (
	usual = spawn.Namespaces | syscall.CLONE_NEWNET
	root  = spawn.RootCaps | spawn.FakeRootCaps
)

func TestGuess(t *testing.T) {
	own := uint64(0)
	if os.Geteuid() == 0 {
		own = spawn.RootCaps
	}
	for args, want := range map[string]struct {
		cloneflags uintptr
		caps       uint64
	}{
		"catbox run make":                    {usual, own},
		"catbox run -w out -- make -n --net": {usual, own},
		"catbox run --root tree -- make":     {usual, own},
		"catbox run --fakeroot -- make":      {usual, root},
		"catbox fakeroot make":               {spawn.Namespaces, root},
		"/usr/bin/fakeroot -- make":          {spawn.Namespaces, root},
	} {
		cloneflags, caps, ok := guess(strings.Fields(args))
		if !ok || cloneflags != want.cloneflags || caps != want.caps {
			t.Errorf("%s: %#x %#x %v", args, cloneflags, caps, ok)
		}
	}
}

func TestNoGuess(t *testing.T) {
	for _, args := range []string{
		"", "catbox", "catbox run", "catbox doctor x", "fakeroot", "catbox fakeroot", "catbox-init",
		"catbox run --net host -- make", "catbox run --net=host make", "catbox run -n make", "catbox run --collect-only -- make",
		"catbox run --fakeroot-mode none -- make", "catbox run --executor chroot -- make",
	} {
		if cloneflags, _, ok := guess(strings.Fields(args)); ok {
			t.Errorf("%q: %#x", args, cloneflags)
		}
	}
}

func TestNoGuessInACommandOfItsOwn(t *testing.T) {
	t.Setenv(spawn.Variable, "init")
	if _, _, ok := guess([]string{"catbox", "run", "make"}); ok {
		t.Error("it was begun")
	}
}

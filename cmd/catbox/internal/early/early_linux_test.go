package early

import (
	"os"
	"slices"
	"strings"
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

func TestGuess(t *testing.T) {
	for args, want := range map[string]bool{
		"catbox run make":                      true,
		"catbox run -w out -- make -n --net":   true,
		"catbox run --root tree -- make":       true,
		"catbox run":                           false,
		"catbox doctor x":                      false,
		"catbox fakeroot make":                 false,
		"catbox run --net host -- make":        false,
		"catbox run --net=host make":           false,
		"catbox run -n make":                   false,
		"catbox run --collect-only -- make":    false,
		"catbox run --fakeroot -- make":        false,
		"catbox run --executor chroot -- make": false,
	} {
		caps, ok := guess(strings.Fields(args))
		if ok != want {
			t.Errorf("%s: %v", args, ok)
		}
		if root := ok && os.Geteuid() == 0; root != (caps == spawn.RootCaps) {
			t.Errorf("%s: capabilities %#x", args, caps)
		}
	}
}

func TestNoGuessInACommandOfItsOwn(t *testing.T) {
	t.Setenv(spawn.Variable, "init")
	if _, ok := guess([]string{"catbox", "run", "make"}); ok {
		t.Error("it was begun")
	}
}

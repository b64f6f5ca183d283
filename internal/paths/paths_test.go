package paths

import (
	"slices"
	"testing"
)

func TestUnder(t *testing.T) {
	for _, test := range []struct {
		path, dir string
		want      bool
	}{
		{"/a", "/a", true}, {"/a/b", "/a", true}, {"/a/b/c", "/a", true}, {"/a", "/", true}, {"/", "/", true},
		{"/ab", "/a", false}, {"/a", "/a/b", false}, {"/", "/a", false}, {"/b/a", "/a", false}, {"/a-b", "/a", false},
		{"pipe:[1]", "/", false}, {"pipe:[1]", "/a", false},
	} {
		if got := Under(test.path, test.dir); got != test.want {
			t.Errorf("%s under %s: %v", test.path, test.dir, got)
		}
	}
}

func TestUnderAnyTakesThePathItselfIn(t *testing.T) {
	dirs := []string{"/a", "/a/b", "/ab", "/c/d"}
	for path, want := range map[string]bool{"/a": true, "/a/x": true, "/c/d/e": true, "/c": false, "/": false} {
		if got := UnderAny(path, dirs); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if UnderAny("/c", nil) {
		t.Error("/c is below nothing")
	}
}

func TestCoveredIsByAnother(t *testing.T) {
	dirs := []string{"/a", "/a/b", "/ab", "/c/d"}
	for path, want := range map[string]bool{"/a": false, "/a/b": true, "/ab": false, "/a/b/c": true, "/c": false, "/c/d": false, "/c/d/e": true} {
		if got := Covered(path, dirs); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestTopmost(t *testing.T) {
	got := Topmost([]string{"/b", "/a/b/c", "/a-b", "/a", "/a/b", "/a-b/c", "/b"})
	if want := []string{"/a", "/a-b", "/b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Topmost([]string{"/a", "/"}); !slices.Equal(got, []string{"/"}) {
		t.Errorf("%q", got)
	}
}

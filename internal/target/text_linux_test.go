package target

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPlain(t *testing.T) {
	for p, want := range map[string]bool{
		"a": true, "/a": true, "a/b": true, "/a/b.c/..d": true, "...": true, "a/.b": true, "\n": true, "\xff/ ": true,
		"/": false, ".": false, "..": false, "/.": false, "a/": false, "a//b": false, "//a": false, "a/./b": false,
		"a/../b": false, "../a": false, "a/..": false, "a/.": false, "./a": false, "//": false,
	} {
		if got := plain(p); got != want {
			t.Errorf("plain(%q) is %v", p, got)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		path, dir, name string
		slash           bool
	}{
		{"a", "", "a", false}, {"/a", "/", "a", false}, {"a/b", "a/", "b", false}, {"/a/b", "/a/", "b", false},
		{"a/", "", "a", true}, {"/a//", "/", "a", true}, {"a//b", "a//", "b", false}, {"//a", "//", "a", false},
		{"/", "", ".", true}, {"//", "", ".", true}, {".", "", ".", false}, {"a/..", "a/", "..", false}, {"a/./", "a/", ".", true},
	} {
		dir, name, slash := split(test.path)
		if dir != test.dir || name != test.name || slash != test.slash {
			t.Errorf("split(%q) is %q, %q, %v", test.path, dir, name, slash)
		}
	}
}

func TestRelative(t *testing.T) {
	for p, want := range map[string]string{"": ".", "/": ".", "//": ".", "a": "a", "/a": "a", "///a/": "a/", "/../a": "../a"} {
		if got := relative(p); got != want {
			t.Errorf("relative(%q) is %q", p, got)
		}
	}
}

func TestUndotted(t *testing.T) {
	for p, want := range map[string]string{
		"./a": "a", "././a": "a", "a/./b": "a/b", "/./a/././b": "/a/b", "./.a": ".a", "a/./..": "a/..",
		".": ".", "./": "./", "/.": "/.", "/./": "/./", "a/.": "a/.", "a/./": "a/./", ".//a": ".//a", "..": "..", "../a": "../a", "a./b": "a./b",
	} {
		if got := undotted(p); got != want {
			t.Errorf("undotted(%q) is %q, want %q", p, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := paths.Draw(t, "path")
		got := undotted(p)
		if got == "" || path.IsAbs(got) != path.IsAbs(p) || path.Clean(got) != path.Clean(p) || endsOpen(got) != endsOpen(p) {
			t.Fatalf("undotted(%q) is %q", p, got)
		}
	})
}

// endsOpen tells whether what a path names has to be a directory.
func endsOpen(p string) bool {
	base := p[strings.LastIndexByte(p, '/')+1:]
	return base == "" || base == "." || base == ".."
}

// paths are texts of paths that are not empty, with everything odd that can be in one.
var paths = rapid.Custom(func(t *rapid.T) string {
	component := rapid.SampledFrom([]string{"", "a", "b", ".", "..", "...", ".a"})
	return strings.Join(rapid.SliceOfN(component, 1, 6).Draw(t, "components"), "/")
}).Filter(func(p string) bool { return p != "" })

func TestPlainPathsAreCleanAndSplitOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := paths.Draw(t, "path")
		dir, name, slash := split(p)
		if plain(p) {
			if p != path.Clean(p) || dir+name != p || slash || path.Base(p) != name {
				t.Fatalf("%q is not plain: %q, %q, %v", p, dir, name, slash)
			}
		}
		if strings.Contains(name, "/") || name == "" || slash != strings.HasSuffix(p, "/") {
			t.Fatalf("split(%q) is %q, %q, %v", p, dir, name, slash)
		}
		if path.Clean("/"+dir+name) != path.Clean("/"+p) {
			t.Fatalf("%q and %q are not %q", dir, name, p)
		}
	})
}

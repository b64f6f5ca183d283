package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The packages of these scripts are installed in the scripts' directory: it has to be one that
// a build sees, which has a /tmp of its own.
func TestVerify(t *testing.T) {
	// Not where the checkout is, which may be below /tmp: a run has that for itself.
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(home, "catbox-verify-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	testscript.Run(t, testscript.Params{
		Dir: "testdata/verify", WorkdirRoot: dir, RequireExplicitExec: true, Setup: plainPath,
	})
}

func TestRelocate(t *testing.T) {
	for text, want := range map[string]string{
		"/a/b": "/x", "/a/b/c": "/x/c", "PWD=/a/b": "PWD=/x", "-I/a/b/i -L/a/b": "-I/a/b/i -L/a/b", "--d=/a/b:/a/b/c": "--d=/x:/x/c",
		"/a/bc": "/a/bc", "/a/b-1": "/a/b-1", "/z/a/b": "/z/a/b", "'/a/b'": "'/x'", "": "", "/a/b/a/b": "/x/a/b",
	} {
		if got := relocate(text, "/a/b", "/x"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

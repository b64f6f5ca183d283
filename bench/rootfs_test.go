//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/catbox-go/catbox/internal/testenv"
)

func TestRootOfBusyboxHasItsPrograms(t *testing.T) {
	testenv.Command(t, "busybox")
	if _, why := staticBusybox(); why != "" {
		testenv.Skip(t, why)
	}
	s := testSession(t)
	root := filepath.Join(t.TempDir(), "root")
	if err := s.makeRoot(root); err != nil {
		t.Fatal(err)
	}
	o, err := s.run(t.Context(), command{argv: []string{filepath.Join(root, "bin", "true")}})
	if err != nil || o.failure != "" {
		t.Error(err, o.failure)
	}
}

// The test binary may be static, but a script is no program at all.
func TestScriptsAreNotStaticPrograms(t *testing.T) {
	script := filepath.Join(t.TempDir(), "busybox")
	writeFile(t, script, "#!/bin/sh\n")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	if notStatic(script) == "" {
		t.Error("a script passes for a static program")
	}
}

func TestDynamicProgramsAreNotStatic(t *testing.T) {
	testenv.Command(t, "gcc")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "t.c"), "int main(void) { return 0; }\n")
	s := testSession(t)
	for flag, static := range map[string]bool{"-static": true, "-no-pie": false} {
		program := filepath.Join(dir, "t"+flag)
		o, err := s.run(t.Context(), command{argv: []string{"gcc", flag, "-o", program, filepath.Join(dir, "t.c")}})
		if err != nil || o.failure != "" {
			t.Fatal(err, o.failure)
		}
		if why := notStatic(program); (why == "") != static {
			t.Errorf("%s: %q", flag, why)
		}
	}
}

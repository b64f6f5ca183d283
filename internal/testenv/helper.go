package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Helpers are the programs that a test binary plays, by name. They return
// their exit status.
type Helpers map[string]func(args []string) int

// prefix starts the name (argv[0]) of a test binary that plays a helper.
const prefix = "testenv:"

// Main runs the helper that this process was started as, and does not return
// then. It has to be called in TestMain, after catbox.Init and before m.Run.
func Main(helpers Helpers) {
	name, ok := strings.CutPrefix(os.Args[0], prefix)
	if !ok {
		return
	}
	helper := helpers[name]
	if helper == nil {
		fmt.Fprintf(os.Stderr, "testenv: no helper %q\n", name)
		os.Exit(125)
	}
	os.Exit(helper(os.Args[1:]))
}

// HelperArgs is the argument vector, name first, that makes the test binary play the helper.
func HelperArgs(name string, args ...string) []string {
	return append([]string{prefix + name}, args...)
}

// Executable is the path of the test binary.
func Executable(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Helper is a command, not confined, that plays the helper.
func Helper(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	return &exec.Cmd{Path: Executable(t), Args: HelperArgs(name, args...), Stderr: os.Stderr}
}

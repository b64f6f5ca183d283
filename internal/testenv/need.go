package testenv

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// mustRun is the environment variable that turns skips into failures.
const mustRun = "CATBOX_TEST_MUST_RUN"

// Need goes on only if probe works here: nil is yes. What the probe cannot
// find out (an error that is not errors.ErrUnsupported) is a failure, not a
// reason to skip.
func Need(t testing.TB, what string, probe func() error) {
	t.Helper()
	err := probe()
	switch {
	case err == nil:
	case errors.Is(err, errors.ErrUnsupported):
		Skip(t, what+": "+err.Error())
	default:
		t.Fatalf("cannot tell whether there is %s: %v", what, err)
	}
}

// Command returns the path of a program that the test runs.
func Command(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(t, "no program "+name+": "+err.Error())
	}
	return path
}

// Root goes on only as root. What is tested with it cannot be had otherwise, and is
// tested where all tests are run as root too.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Elsewhere(t, "needs root")
	}
}

// Elsewhere skips a test of what is tested elsewhere, or of what cannot be: no test
// was forgotten, so it is a skip where every test has to run, too.
func Elsewhere(t testing.TB, reason string) {
	t.Helper()
	t.Skip(reason)
}

// Skip skips the test, or fails it where every test has to run.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(mustRun) == "1" {
		t.Fatalf("would be skipped, and %s=1: %s", mustRun, reason)
	}
	t.Skip(reason)
}

package tartest

import (
	"os/exec"
	"testing"
)

func run(t testing.TB, path string, args []string) string {
	t.Helper()
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", path, args, err, out)
	}
	return string(out)
}

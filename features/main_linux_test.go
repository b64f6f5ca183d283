package features

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// roles are the programs that this test binary can be, by argv[0].
var roles = map[string]func(args []string){
	"refused": refusedMain,
	"leaks":   leaksMain,
}

// forgetful is the name of a copy of this test binary that never calls RunChild.
const forgetful = "forgetful"

func TestMain(m *testing.M) {
	if exe, err := os.Readlink("/proc/self/exe"); err == nil && filepath.Base(exe) == forgetful {
		fmt.Println(Tmpfs())
		os.Exit(0)
	}
	if os.Args[0] == probeName {
		os.Exit(RunChild(os.Args[1:]))
	}
	if main := roles[os.Args[0]]; main != nil {
		main(os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play runs this test binary in a role, and returns what it prints.
func play(t *testing.T, role string, args ...string) []string {
	t.Helper()
	return output(t, &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{role}, args...)})
}

// output runs a program and returns its lines.
func output(t *testing.T, cmd *exec.Cmd) []string {
	t.Helper()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

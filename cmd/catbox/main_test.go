package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/catbox-go/catbox"
)

func TestMain(m *testing.M) {
	catbox.Init() // before testscript looks at the program's name
	testscript.Main(m, map[string]func(){
		"catbox": func() { os.Exit(execute(os.Args[1:])) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, ContinueOnError: true, Setup: plainPath,
	})
}

// plainPath leaves of PATH the directory that testscript made for catbox, and
// the system's: one that cannot be searched would turn "not found" into
// "permission denied", as execvp(3) has it.
func plainPath(env *testscript.Env) error {
	made, _, _ := strings.Cut(env.Getenv("PATH"), string(filepath.ListSeparator))
	env.Setenv("PATH", made+":/usr/bin:/bin")
	return nil
}

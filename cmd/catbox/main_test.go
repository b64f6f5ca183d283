package main

import (
	"os"
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
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}

// The number of processors is asked of the system, not of the control groups:
// reading those is a noticeable part of a start.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command catbox runs a command so that it can do only what it was given, and
// tells what it did.
//
// Each command has a file of its own. Errors become words, hints and exit
// statuses in exit.go and nowhere else. Standard output belongs to the command
// that is run; everything catbox says goes to standard error.
package main

import (
	"os"

	"github.com/catbox-go/catbox"
	_ "github.com/catbox-go/catbox/cmd/catbox/internal/early" // a run's first process
)

//go:generate go test -run ^TestManPages$ -update .

func main() {
	catbox.Init() // first: the confined child is this program again
	args := os.Args[1:]
	if calledFakeroot(os.Args[0]) {
		args = append([]string{"fakeroot"}, args...)
	}
	if calledSandbox(os.Args[0]) {
		args = append([]string{"run-sandbox"}, args...)
	}
	os.Exit(execute(args))
}

package catbox

import (
	"errors"
	"os"

	"github.com/catbox-go/catbox/features"
)

// called tells that Init was.
var called bool

// errNoInit is the error of a program that could not run all that this package runs.
var errNoInit = errors.New("this program did not call catbox.Init: it has to be the first call in main")

// Init has to be the first call in main, and in TestMain, of a program that
// uses this package: the program is started again to probe what the host allows,
// or to run a Function, and Init is where it does. Otherwise Init returns at once.
func Init() {
	called = true
	if len(os.Args) == 0 {
		return
	}
	switch os.Args[0] {
	case "catbox-probe":
		os.Exit(features.RunChild(os.Args[1:]))
	case functionName:
		callFunction(os.Args)
	}
}

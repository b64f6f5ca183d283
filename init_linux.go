package catbox

import (
	"os"

	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/stage"
)

// Init has to be the first call in main, and in TestMain, of a program that
// uses this package: the program is started again to become a run's first
// process, or to run a Function, and Init is where it does. Otherwise Init
// returns at once.
func Init() {
	stage.Init()
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

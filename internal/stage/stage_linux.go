package stage

import (
	"os"
	"strings"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// A process that was started to be a run's init becomes it here, and goes no
// further: whatever else the program links is not set up for it. Go initializes
// first what needs least (the specification's "Program initialization"), so this
// is a good part of a start for a large program, and its own init functions are
// not run twice.
func init() {
	if isInit(os.Args) {
		os.Exit(runInit())
	}
}

// isInit tells it by the arguments. A program in front that has executed this one by a
// descriptor did not give it another name.
func isInit(args []string) bool {
	if len(args) == 2 && args[1] == spawn.Name {
		return strings.HasPrefix(args[0], "/proc/self/")
	}
	return len(args) == 1 && args[0] == spawn.Name && os.Getenv(spawn.Variable) != ""
}

package stage

import (
	"os"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// A process that was started to be a run's init becomes it here, and goes no
// further: whatever else the program links is not set up for it. Go initializes
// first what needs least (the specification's "Program initialization"), so this
// is a good part of a start for a large program, and its own init functions are
// not run twice.
func init() {
	if len(os.Args) == 0 || os.Args[0] != spawn.Name || os.Getenv(spawn.Variable) == "" {
		return
	}
	os.Exit(runInit())
}

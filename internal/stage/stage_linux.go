package stage

import "os"

// Init becomes the init of a run if this process was started to be one, and
// does not return then. Otherwise it returns at once.
func Init() {
	if len(os.Args) == 0 || os.Args[0] != initName || os.Getenv(stageVariable) == "" {
		return
	}
	os.Exit(runInit())
}

package catbox

import "github.com/catbox-go/catbox/record"

// Detail says how much of a run is recorded.
type Detail string

const (
	// RecordFull records processes, every file that they use and how, and the
	// network. It is what "" means.
	RecordFull Detail = "full"
	// RecordExec records processes and their programs only.
	RecordExec Detail = "exec"
)

// Record has a run recorded.
type Record struct {
	// Sink gets what happens, as it happens, from one goroutine; the run waits for a
	// sink that is slow. It must not be nil. See the package record/store for one that
	// keeps a record in a file.
	Sink record.Sink
	// Detail is how much is recorded.
	Detail Detail
	// Version is told in the record as the version of what made it.
	Version string
}

// Progress counts what was recorded so far.
type Progress struct {
	// Processes counts those seen, Living those that have not ended.
	Processes, Living int
	// Accesses counts the different ones, Made the files that the run made.
	Accesses, Made int
}

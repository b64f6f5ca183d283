//go:build amd64

package attack

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/catbox-go/catbox"
)

var (
	tableFile = flag.String("attack.table", "", "write the matrix as a markdown table to `file`")
	onlyRows  = flag.String("attack.rows", "", "run only the rows that match `regexp`")
	// Each mode with a fake root takes as long as the one without; all of them are for -attack.modes=.
	onlyModes = flag.String("attack.modes", "^(explain|mediate|tier2|tier2-mediate|fake)$", "run only the modes that match `regexp`")
	onlyWays  = flag.String("attack.ways", "", "of rows with several programs, run only those that match `regexp`")
)

// The test binary plays every part: a run's first process (catbox.Init), the
// hostile programs, and the callers of the sandbox (a cell), which the tests can
// starve, storm and kill.
func TestMain(m *testing.M) {
	catbox.Init()
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "attack-program":
			os.Exit(runProgram(os.Args[2], os.Args[3:]))
		case "attack-cell":
			os.Exit(runCell(os.Args[2]))
		}
	}
	flag.Parse()
	base, err := makeBase()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	removeAll(base)
	os.Exit(status)
}

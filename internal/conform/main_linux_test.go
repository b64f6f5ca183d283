package conform

import (
	"os"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/testenv"
)

func TestMain(m *testing.M) {
	catbox.Init()
	testenv.Main(testenv.Helpers{
		"native": runNative, "tier 2": runTier2, "no namespaces": runNoNamespaces, "program": runProgram, "real root": runRealRoot, "ids": runIDs, "may": runMay, "denied": runDenied,
	})
	// Nothing that the Go runtime opens for itself may shift the numbers of descriptors.
	os.Setenv("GODEBUG", "containermaxprocs=0")
	os.Exit(m.Run())
}

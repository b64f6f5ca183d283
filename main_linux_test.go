package catbox_test

import (
	"os"
	"testing"

	"github.com/catbox-go/catbox"
)

func TestMain(m *testing.M) {
	catbox.Init()
	os.Exit(m.Run())
}

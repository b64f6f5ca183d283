package supervisor

import (
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
)

// A call without a way to do it would be refused wherever it is mediated.
func TestEveryChangeCanBeDone(t *testing.T) {
	for _, row := range abi.Table() {
		if row.Class == abi.Write && changes[row.Change].do == nil {
			t.Errorf("nothing does %s", row.Name)
		}
	}
}

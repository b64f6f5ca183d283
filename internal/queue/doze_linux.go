package queue

import (
	"time"

	"github.com/catbox-go/catbox/internal/sys"
)

// dozer is a thread that sleeps now and then.
type dozer struct{ turn sys.Turn }

func (d *dozer) doze(t time.Duration) {
	d.turn.Give()
	sys.Nap(t)
}

package recorder

import (
	"testing"
	"time"

	"github.com/catbox-go/catbox/record"
)

// A call is told once of each program, however often a process makes it.
func TestCallsAreToldOnceAndCounted(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh")
	for range 5 {
		r.Called(10, "uname", "host")
	}
	r.Called(10, "getrandom", "random")
	r.executes(10, "/cc") // here what was only counted is told
	r.Called(10, "uname", "host")
	r.Called(99, "uname", "host") // nobody's
	call := func(image int64, name, mark string, n int) record.Event {
		return record.Call{Image: image, Name: name, Mark: mark, Count: n}
	}
	r.end(
		record.Process{ID: 1, PID: 10}, program(1, 1, 0, "/sh"), call(1, "uname", "host", 1), call(1, "getrandom", "random", 1),
		call(1, "uname", "host", 4), program(2, 1, 1, "/cc"), call(2, "uname", "host", 1),
	)
}

// A process that was forked and has done nothing else has an image by its call.
func TestACallTellsOfItsImage(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh")
	r.Forked(10, 11, time.Now())
	r.Called(11, "sysinfo", "host")
	forked := program(2, 2, 1, "/sh")
	forked.Forked = true
	r.end(
		record.Process{ID: 1, PID: 10}, program(1, 1, 0, "/sh"), record.Process{ID: 2, Parent: 1, PID: 11}, forked,
		record.Call{Image: 2, Name: "sysinfo", Mark: "host", Count: 1},
	)
}

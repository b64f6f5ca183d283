package stage

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// What does not come beside the message would leave a run without a supervisor.
func TestTakeFromAProgramInFront(t *testing.T) {
	for name, test := range map[string]struct {
		ready  ready
		given  bool
		pid    int
		failed bool
	}{
		"all":         {ready{Listener: 5}, true, 7, false},
		"no filter":   {ready{Listener: -1}, false, 7, false},
		"no listener": {ready{Listener: 5}, false, 7, true},
		"no number":   {ready{Listener: 5}, true, 0, true},
	} {
		r, with := &Run{}, beside{fd: -1, pid: test.pid}
		if test.given {
			fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			with.fd = fd
		}
		err := r.takeFrom(&test.ready, with)
		if (err != nil) != test.failed || r.pid != test.pid || (r.Listener != nil) != test.given {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
		if r.Listener != nil {
			r.Listener.Close() // as Abort does
		}
	}
}

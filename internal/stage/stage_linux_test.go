package stage

import (
	"testing"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// A program becomes the init by what catbox executes it with, and by no argument of a user's.
func TestIsInit(t *testing.T) {
	for _, test := range []struct {
		args   []string
		marked bool
		want   bool
	}{
		{[]string{spawn.Name}, true, true},
		{[]string{"/proc/self/fd/4", spawn.Name}, false, true},
		{[]string{"/proc/self/fd/4", spawn.Name}, true, true},
		{nil, true, false},
		{[]string{spawn.Name}, false, false},
		{[]string{spawn.Name, "run"}, true, false},
		{[]string{"catbox", spawn.Name}, true, false},
		{[]string{"/usr/bin/catbox", spawn.Name}, false, false},
		{[]string{"/proc/self/fd/4", spawn.Name, "run"}, true, false},
		{[]string{"/proc/self/fd/4", "run"}, true, false},
	} {
		t.Setenv(spawn.Variable, map[bool]string{true: "init"}[test.marked])
		if got := isInit(test.args); got != test.want {
			t.Errorf("%q, marked %v: %v", test.args, test.marked, got)
		}
	}
}

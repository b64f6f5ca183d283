package main

import (
	"bytes"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
)

const (
	reads    = "a process that has dropped root is not stopped when it opens a file only to read it"
	status   = "procfs shows what the kernel knows"
	noAdmin  = "nobody has CAP_SYS_ADMIN in a run, so that nothing can be mounted there"
	noChroot = "without a namespace the kernel does not let the user change its root"
	noExec   = "without a namespace the kernel knows no root who may execute what nobody else may"
)

// beyond are the checks that fail with catbox's own fake root, and why.
var beyond = map[catbox.FakeMode]map[string]string{
	catbox.FakeSingle: {
		"identity-proc-status": status, "capability-status": noAdmin, "may-not-once-dropped": reads,
	},
	catbox.FakeSubuid: {
		"capability-full": noAdmin, "capability-status": noAdmin, "capability-back-with-euid": noAdmin, "privileges-kept": noAdmin,
		"privileges-securebits":    noAdmin,
		"chmod-write-keeps-setuid": "the kernel asks for CAP_FSETID over the host when a file is written to",
		"mknod-open":               "what is asked of a descriptor is not sent, so that a build is as fast as it is without",
		"acl-default":              "the kernel takes no list that names an id that is not in the range",
	},
	catbox.FakeNone: {
		"identity-proc-status": status, "capability-status": status, "may-not-once-dropped": reads,
		"identity-peercred": "the kernel tells it", "may-access-agrees": noExec, "may-not-execute": noExec,
		"chroot-paths": noChroot, "chroot-faked-inside": noChroot, "chroot-twice": noChroot, "chroot-exec": noChroot, "chroot-errors": noChroot,
	},
}

// asRoot are those of them that real root passes all the same.
var asRoot = map[catbox.FakeMode][]string{
	catbox.FakeNone: {"identity-peercred", "may-access-agrees", "may-not-execute",
		"chroot-paths", "chroot-faked-inside", "chroot-twice", "chroot-exec", "chroot-errors"},
}

// TestUnderCatbox runs the whole list in each mode of catbox's fake root.
func TestUnderCatbox(t *testing.T) {
	for _, mode := range slices.Sorted(maps.Keys(beyond)) {
		t.Run(string(mode), func(t *testing.T) {
			if mode == catbox.FakeSubuid {
				if os.Geteuid() == 0 {
					t.Log("root has all ids")
					return
				}
				testenv.Need(t, "newuidmap", features.Newuidmap)
			} else {
				testenv.Need(t, "notification", features.Notify)
			}
			out := underCatbox(t, mode)
			for _, c := range checks {
				ok := strings.Contains(out, "ok "+c.name+"\n")
				why, fails := beyond[mode][c.name]
				switch {
				case c.name == outsideName || os.Geteuid() == 0 && slices.Contains(asRoot[mode], c.name):
				case !ok && !fails:
					t.Errorf("%s: %q, at the end %q", c.name, regexp.MustCompile(`(?m)^.* `+c.name+`: .*`).FindString(out), out[max(0, len(out)-200):])
				case ok && fails:
					t.Errorf("%s passes, although %s", c.name, why)
				}
			}
		})
	}
}

func underCatbox(t *testing.T, mode catbox.FakeMode) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := catbox.Command(self, "-all", t.TempDir())
	c.Policy = policy.ReadOnly().Allow(policy.Write, "/").WithNetwork(policy.NetworkHost)
	c.FakeRoot = &catbox.FakeRoot{Mode: mode}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	_ = c.Run() // that checks fail is in the output
	return out.String()
}

package catbox_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/catbox-go/catbox"
)

func TestParseMount(t *testing.T) {
	for line, want := range map[string]catbox.Mount{
		"/a /b":                           {Source: "/a", Target: "/b", Type: "bind"},
		`/a\040b /c\134 none bind,ro 0 0`: {Source: "/a b", Target: `/c\`, Type: "none", Options: []string{"bind", "ro"}},
		"tmpfs /dev/shm tmpfs size=1M":    {Source: "tmpfs", Target: "/dev/shm", Type: "tmpfs", Options: []string{"size=1M"}},
		"proc\t/x/proc   proc defaults 0": {Source: "proc", Target: "/x/proc", Type: "proc", Options: []string{"defaults"}},
	} {
		if got, err := catbox.ParseMount(line); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for line, says := range map[string]string{
		"":              "want SOURCE TARGET",
		"/a":            "want SOURCE TARGET",
		"a b c d e f g": "want SOURCE TARGET",
		"/a b":          `absolute path below /, not "b"`,
		"/a /":          "below /",
		"/a /b/..":      "below /",
		"a /b c d e":    "want SOURCE TARGET",
		"a /b c d 0 x":  "want SOURCE TARGET",
	} {
		if _, err := catbox.ParseMount(line); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", line, err, says)
		}
	}
}

func TestMountsOfARun(t *testing.T) {
	for line, says := range map[string]string{
		"/dev/sda1 /b ext4":   `its type "ext4" is none of bind, dev, tmpfs`,
		"/a /b none ro":       `its type "none" is none of`,
		"server:/x /b nfs ro": "none of",
	} {
		m, err := catbox.ParseMount(line)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", line, err, says)
		}
	}
}

// A mount survives its way through a line of fstab(5).
func TestMountIsALine(t *testing.T) {
	for _, m := range []catbox.Mount{
		{Source: `/a b\c`, Target: "/t\tx\n", Type: "bind", Options: []string{"ro"}},
		{Source: "none", Target: "/x", Type: "none", Options: []string{"bind", "ro"}},
		{Source: `/a\040b`, Target: "/ü", Type: "tmpfs", Options: []string{"size=1M"}},
	} {
		if got, err := catbox.ParseMount(m.String()); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%q: %+v, %v", m.String(), got, err)
		}
	}
}

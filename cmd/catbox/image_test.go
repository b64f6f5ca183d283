package main

import (
	"os"
	"testing"

	"github.com/catbox-go/catbox/image"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 200 << 20: "200.0 MiB", 3 << 30: "3.0 GiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestUnpackLine(t *testing.T) {
	if got, want := unpackLine("a\x1b.aci", 1<<20, 4<<20, 2_500_000_000), `catbox: unpacking a\x1b.aci: 1.0 MiB of 4.0 MiB (25%), 2s`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := unpackLine("a", 1, 0, 0), "catbox: unpacking a: 1 B, 0s"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCredentials(t *testing.T) {
	for _, c := range []credentials{{UID: 33, GID: 34}, {UID: 1, GID: 0, Groups: []int{5, 7}}} {
		got, err := parseCredentials(c.String())
		if err != nil || got.String() != c.String() {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	for _, bad := range []string{"", "1", "1:2", "a:2:", "1:2:x", "1:2:3:4"} {
		if _, err := parseCredentials(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// An isolator is told to be kept only if a run keeps it.
func TestEnforcement(t *testing.T) {
	for _, test := range []struct {
		i    image.Isolator
		kept bool
	}{
		{image.Isolator{Name: image.ResourceMemory, Enforceable: true, MemoryBytes: 5}, true},
		{image.Isolator{Name: image.ResourceCPU, Enforceable: true, MilliCPU: 5}, false},
		{image.Isolator{Name: image.NoNewPrivileges, Enforceable: true}, true},
		{image.Isolator{Name: image.CapabilitiesRetain, Enforceable: true}, os.Geteuid() != 0},
		{image.Isolator{Name: image.SeccompRetain, Enforceable: true, Why: "a wildcard"}, true},
		{image.Isolator{Name: image.SeccompRemove, Enforceable: true, Seccomp: &image.Seccomp{Calls: []string{"mkdir"}, Errno: "ENOTSUP"}}, true},
		{image.Isolator{Name: image.SeccompRemove, Enforceable: true, Seccomp: &image.Seccomp{Calls: []string{"execve"}}}, false},
		{image.Isolator{Name: image.SeccompRetain, Enforceable: true, Seccomp: &image.Seccomp{Retain: true, Errno: "ENOSUCH"}}, false},
		{image.Isolator{Name: image.OOMScoreAdj, Enforceable: true, OOMScoreAdj: 1000}, true},
		{image.Isolator{Name: image.OOMScoreAdj, Enforceable: true, OOMScoreAdj: -1001}, false},
		{image.Isolator{Name: "os/linux/other", Why: "unknown"}, false},
		{image.Isolator{Name: "new", Enforceable: true}, false},
	} {
		if e := enforcementOf(test.i); e.kept != test.kept || e.how == "" {
			t.Errorf("%s: %+v", test.i.Name, e)
		}
	}
}

func TestCheckStatic(t *testing.T) {
	if err := checkStatic("/bin/sh"); err == nil {
		t.Error("/bin/sh is linked dynamically, and no error says so")
	}
}

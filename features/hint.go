package features

import (
	"errors"
	"os"
	"strings"
	"syscall"
)

// A hint is advice, and when it applies: all of its conditions that are not zero must hold.
type hint struct {
	sysctl    string // a kernel setting ...
	holds     string // ... and its value
	cause     error  // what the error is
	container bool   // inside a container only
	say       string
}

// generalHints come after a feature's own.
var generalHints = []hint{
	{container: true, cause: syscall.EPERM, say: containerHint},
	{cause: syscall.ENOSYS, say: "the kernel lacks this system call, or a seccomp filter hides it: use a newer kernel, or start outside of that filter"},
}

// limitHints are for what a kernel setting limits.
func limitHints(setting string) []hint {
	if setting == "" {
		return nil
	}
	return []hint{
		{sysctl: setting, holds: "0", say: "sysctl -w " + setting + "=15000"},
		{cause: syscall.ENOSPC, say: "too many exist: raise sysctl " + setting},
	}
}

const containerHint = "inside Docker or Podman: run --security-opt seccomp=unconfined --security-opt apparmor=unconfined " +
	"--security-opt systempaths=unconfined, or give the container a profile that allows this"

func (h hint) applies(err error) bool {
	return (h.sysctl == "" || sysctl(h.sysctl) == h.holds) &&
		(h.cause == nil || errors.Is(err, h.cause)) &&
		(!h.container || container() != "")
}

// sysctl returns the value of a kernel setting, or "" where there is none.
func sysctl(name string) string {
	value, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(value))
}

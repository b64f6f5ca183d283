//go:build linux

package main

import (
	"debug/buildinfo"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// header says where the numbers come from.
type header struct {
	Date       string    `json:"date"`
	Kernel     string    `json:"kernel"`
	Machine    string    `json:"machine"`
	CPU        string    `json:"cpu"`
	Cores      int       `json:"cores"`
	User       string    `json:"user"`
	Catbox     string    `json:"catbox"`
	LoadBefore string    `json:"load_before"`
	LoadAfter  string    `json:"load_after"`
	Versions   []version `json:"versions"`
	Missing    []missing `json:"missing,omitempty"`
	Quick      bool      `json:"quick,omitempty"`
}

// missing is a variant that can't be measured here.
type missing struct {
	Variant string `json:"variant"`
	Why     string `json:"why"`
}

type version struct {
	Package string `json:"package"`
	Version string `json:"version"`
}

func newHeader(s *session, catbox string) header {
	var u unix.Utsname
	unix.Uname(&u) // fails for a bad pointer only
	return header{
		Date:       time.Now().UTC().Format(time.RFC3339),
		Kernel:     unix.ByteSliceToString(u.Release[:]),
		Machine:    unix.ByteSliceToString(u.Machine[:]),
		CPU:        cpuModel(),
		Cores:      runtime.NumCPU(),
		User:       s.who.name,
		Catbox:     catboxVersion(catbox),
		LoadBefore: loadAverage(),
		Versions:   packageVersions("bubblewrap", "strace", "proot", "fakeroot", "pseudo", "fuse-overlayfs", "busybox-static", "gcc", "make", "libc6"),
		Quick:      s.opt.quick,
	}
}

func missingOf(variants map[string]variant) []missing {
	var list []missing
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		if why := variants[name].missing; why != "" {
			list = append(list, missing{name, why})
		}
	}
	return list
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// loadAverage is that of the last minute. The machine should be idle.
func loadAverage() string {
	data, _ := os.ReadFile("/proc/loadavg")
	load, _, _ := strings.Cut(string(data), " ")
	return load
}

// catboxVersion is the commit that the binary was built from.
func catboxVersion(binary string) string {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return "none"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	version := info.GoVersion
	if rev := settings["vcs.revision"]; rev != "" {
		version = rev[:min(12, len(rev))] + ", " + version
	}
	if settings["vcs.modified"] == "true" {
		version += ", with uncommitted changes"
	}
	return version
}

func packageVersions(packages ...string) []version {
	var all []version
	for _, p := range packages {
		out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", p).Output()
		v := strings.TrimSpace(string(out))
		if err != nil || v == "" {
			v = "not installed as a package"
		}
		all = append(all, version{p, v})
	}
	return all
}

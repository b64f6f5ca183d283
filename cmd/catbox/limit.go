package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/catbox-go/catbox"
)

// limitKeys says for each key of --limit how its value is read and where it goes.
var limitKeys = []struct {
	key  string
	want string
	set  func(l *catbox.Limits, value string) bool
}{
	{"cpu", "a duration such as 90s or 2m", func(l *catbox.Limits, v string) bool { return setDuration(&l.CPU, v) }},
	{"mem", "a size such as 512M or 2G", func(l *catbox.Limits, v string) bool { return setSize(&l.Memory, v) }},
	{"procs", "a number above 0", func(l *catbox.Limits, v string) bool { return setCount(&l.Processes, v) }},
	{"files", "a number above 0", func(l *catbox.Limits, v string) bool { return setCount(&l.OpenFiles, v) }},
	{"fsize", "a size such as 512M or 2G", func(l *catbox.Limits, v string) bool { return setSize(&l.FileSize, v) }},
	{"time", "a duration such as 90s or 2m", func(l *catbox.Limits, v string) bool { return setDuration(&l.Time, v) }},
}

// limits are the values of --limit by key, as they were given.
type limits map[string]string

// parseLimits reads KEY=VALUE[,KEY=VALUE...].
func parseLimits(s string) (limits, error) {
	l := limits{}
	for entry := range strings.SplitSeq(s, ",") {
		key, value, ok := strings.Cut(entry, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not KEY=VALUE, such as mem=2G", entry)
		}
		if _, twice := l[key]; twice {
			return nil, fmt.Errorf("%s is given twice", key)
		}
		l[key] = value
	}
	_, err := l.values()
	return l, err
}

// values checks the limits and returns them as the library takes them.
func (l limits) values() (catbox.Limits, error) {
	var values catbox.Limits
	for _, key := range slices.Sorted(maps.Keys(l)) {
		if err := setLimit(&values, key, l[key]); err != nil {
			return catbox.Limits{}, err
		}
	}
	return values, nil
}

func setLimit(values *catbox.Limits, key, value string) error {
	var known []string
	for _, row := range limitKeys {
		if row.key != key {
			known = append(known, row.key)
			continue
		}
		if !row.set(values, value) {
			return fmt.Errorf("%s=%s: want %s", key, value, row.want)
		}
		return nil
	}
	return fmt.Errorf("unknown key %q: there are %s", key, strings.Join(known, ", "))
}

func setDuration(d *time.Duration, value string) bool {
	parsed, err := time.ParseDuration(value)
	*d = parsed
	return err == nil && parsed > 0
}

func setCount(n *uint64, value string) bool {
	parsed, err := strconv.ParseUint(value, 10, 63)
	*n = parsed
	return err == nil && parsed > 0
}

// setSize reads a number of bytes, or of units of 1024 and its powers.
func setSize(n *uint64, value string) bool {
	digits := strings.TrimRight(value, "KMGT")
	if len(value)-len(digits) > 1 {
		return false
	}
	shift := 0
	if digits != value {
		shift = 10 * (1 + strings.IndexByte("KMGT", value[len(value)-1]))
	}
	if !setCount(n, digits) || *n > math.MaxInt64>>shift {
		return false
	}
	*n <<= shift
	return true
}

// limitFlag is --limit; given again, it adds to what was given before.
type limitFlag struct{ to *limits }

func (f limitFlag) Set(s string) error {
	parsed, err := parseLimits(s)
	if err != nil {
		return err
	}
	if *f.to == nil {
		*f.to = limits{}
	}
	maps.Copy(*f.to, parsed)
	return nil
}

func (f limitFlag) Type() string { return "KEY=VALUE" }

func (f limitFlag) String() string {
	if f.to == nil {
		return ""
	}
	var entries []string
	for _, key := range slices.Sorted(maps.Keys(*f.to)) {
		entries = append(entries, key+"="+(*f.to)[key])
	}
	return strings.Join(entries, ",")
}

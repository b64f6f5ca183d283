package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox"
)

func TestLimits(t *testing.T) {
	want := catbox.Limits{
		CPU: 90 * time.Second, Memory: 2 << 30, Processes: 64, OpenFiles: 256, FileSize: 512 << 20, Time: 2 * time.Minute,
	}
	parsed, err := parseLimits("cpu=90s,mem=2G,procs=64,files=256,fsize=512M,time=2m")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsed.values()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("limits (-want +got)\n%s", diff)
	}
}

func TestSizes(t *testing.T) {
	for value, want := range map[string]uint64{
		"1": 1, "1K": 1 << 10, "3M": 3 << 20, "2T": 2 << 40, "9223372036854775807": 1<<63 - 1, "8191T": 8191 << 40,
	} {
		var n uint64
		if !setSize(&n, value) || n != want {
			t.Errorf("%s is %d, want %d", value, n, want)
		}
	}
}

func TestLimitMistakesNameTheKeyAndWhatIsRight(t *testing.T) {
	for given, want := range map[string]string{
		"":                  "is not KEY=VALUE",
		"mem":               `"mem" is not KEY=VALUE`,
		"mem=":              "mem=: want a size",
		"mem=0":             "mem=0: want a size",
		"mem=-1":            "mem=-1: want a size",
		"mem=2GB":           "mem=2GB: want a size",
		"mem=2GG":           "mem=2GG: want a size",
		"mem=K":             "mem=K: want a size",
		"mem=99999999T":     "mem=99999999T: want a size",
		"fsize=1.5G":        "fsize=1.5G: want a size such as 512M",
		"cpu=90":            "cpu=90: want a duration such as 90s",
		"time=-1s":          "time=-1s: want a duration",
		"time=0s":           "time=0s: want a duration",
		"procs=many":        "procs=many: want a number above 0",
		"files=0":           "files=0: want a number above 0",
		"cpu=1s,mem":        `"mem" is not KEY=VALUE`,
		"cpu=1s,cpu=2s":     "cpu is given twice",
		"memory=1G":         `unknown key "memory": there are cpu, mem, procs, files, fsize, time`,
		"cpu=1s,,files=256": "is not KEY=VALUE",
	} {
		if _, err := parseLimits(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", given, err, want)
		}
	}
}

func TestLimitFlagAddsUp(t *testing.T) {
	var l limits
	flag := limitFlag{&l}
	for _, given := range []string{"cpu=1s,mem=1G", "mem=2G,files=9"} {
		if err := flag.Set(given); err != nil {
			t.Fatal(err)
		}
	}
	if got := flag.String(); got != "cpu=1s,files=9,mem=2G" {
		t.Errorf("limits %s", got)
	}
	if err := flag.Set("mem=x"); err == nil || flag.String() != "cpu=1s,files=9,mem=2G" {
		t.Errorf("a mistake: %v, leaves %s", err, flag)
	}
}

func FuzzLimits(f *testing.F) {
	f.Add("cpu=90s,mem=2G,procs=64,files=256,fsize=512M,time=2m")
	f.Add("mem=9223372036854775807T")
	f.Add("cpu=1h2m,cpu=-1ns")
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := parseLimits(s)
		if err != nil {
			return
		}
		values, err := parsed.values()
		if err != nil {
			t.Fatalf("%q: accepted, then %v", s, err)
		}
		// No limit that was asked for may turn into none.
		set := 0
		for _, given := range []bool{
			values.CPU > 0, values.Memory > 0, values.Processes > 0, values.OpenFiles > 0, values.FileSize > 0, values.Time > 0,
		} {
			if given {
				set++
			}
		}
		if set != len(parsed) || values.Memory >= 1<<63 || values.FileSize >= 1<<63 {
			t.Errorf("%q: %+v", s, values)
		}
		again, err := parseLimits(limitFlag{&parsed}.String())
		if err != nil || !cmp.Equal(parsed, again) {
			t.Errorf("%q: again %v, %v", s, again, err)
		}
	})
}

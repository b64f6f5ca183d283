package deps

import (
	"fmt"
	"testing"

	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/record"
)

// BenchmarkAnalyze is of a build of a million accesses to what this machine has installed.
func BenchmarkAnalyze(b *testing.B) {
	testenv.Command(b, "dpkg-query")
	db, err := packages.Open("/")
	if err != nil {
		b.Fatal(err)
	}
	var installed []string
	for _, p := range db.Packages() {
		installed = append(installed, p.Paths()...)
	}
	const compiled, headers = 2000, 500
	rec := newRecording("/src", "make")
	m := rec.run("/usr/bin/make", "make")
	for i := range compiled {
		gcc := m.spawn("/usr/bin/x86_64-linux-gnu-gcc-12", "gcc", "-c")
		cc1 := gcc.spawn("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "cc1")
		for j := range headers {
			cc1.read(installed[(i*53+j*7)%len(installed)])
		}
		gcc.spawn("/usr/bin/x86_64-linux-gnu-as", "as").did(record.ClassCreate, fmt.Sprintf("/src/%d.o", i))
	}
	b.ReportMetric(float64(len(rec.events)), "events")
	for b.Loop() {
		if _, err := Analyze(Input{Each: rec.each, DB: db}); err != nil {
			b.Fatal(err)
		}
	}
}

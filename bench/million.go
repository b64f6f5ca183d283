//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// bigBuild is a build that never was: compilers that each read as many headers, and a pool of
// headers that is as large as all that a tenth of them reads.
type bigBuild struct{ programs, headers int }

func (b bigBuild) accesses() int { return b.programs * b.headers }

// write makes its record.
func (b bigBuild) write(path string) error {
	w, err := store.Create(path)
	if err != nil {
		return err
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	errs := []error{w.Event(record.Start{Time: at, Args: []string{"make"}, Dir: "/src", Version: "bench", System: "Linux", Detail: "full"})}
	for i := range b.programs {
		errs = append(errs, b.compile(w, int64(i)+1, at.Add(time.Duration(i)*time.Second)))
	}
	end := at.Add(time.Duration(b.programs) * time.Second)
	errs = append(errs, w.Event(record.End{Time: end}), w.Close())
	return errors.Join(errs...)
}

// compile tells of one compiler. The first process is make, which started all of them.
func (b bigBuild) compile(w *store.Writer, id int64, at time.Time) error {
	image := record.Image{ID: id, Process: id, Time: at, Path: "/usr/bin/make", Args: []string{"make"}, Dir: "/src", Env: []string{"PATH=/usr/bin"}}
	process := record.Process{ID: id, PID: int(id), Time: at}
	if id > 1 {
		process.Parent, image.Previous, image.EnvBase, image.Env = 1, 1, 1, nil
		image.Path, image.Args = "/usr/bin/cc1", []string{"cc1", "-quiet", "-o", fmt.Sprintf("part%d.o", id)}
	}
	if err := errors.Join(w.Event(process), w.Event(image)); err != nil {
		return err
	}
	for n := range b.headers {
		// 7919 is prime: the headers of two compilers are hardly ever the same set.
		header := (int(id)*b.headers + n) * 7919 % (b.accesses() / 10)
		a := record.Access{Image: id, Class: record.ClassRead, Path: fmt.Sprintf("/usr/include/library%d/header%d.h", header%100, header), Count: 1, First: at, Last: at}
		if n == 0 {
			a.Class, a.Path = record.ClassCreate, fmt.Sprintf("/src/part%d.o", id)
		}
		if err := w.Event(a); err != nil {
			return err
		}
	}
	return w.Event(record.Exit{Process: id, Time: at.Add(time.Second), Known: true})
}

// bigRecord is where the record is, of which the measured user makes reports.
func (s *session) bigRecord() string { return filepath.Join(s.dir, "big.db") }

func (s *session) reportVariants() []variant {
	report := func(name string, args ...string) variant {
		argv := append([]string{s.binary, "report", "--root", "none"}, args...)
		return variant{name: name, wrap: prefix(append(argv, s.bigRecord())...), watched: true, missing: s.noBinary}
	}
	page := report("catbox-page", "-o", filepath.Join(s.tree(), "report.html"))
	return []variant{page, report("catbox-text", "-o", filepath.Join(s.tree(), "report.txt")), report("catbox-bill", "-o", filepath.Join(s.tree(), "report.cdx.json"))}
}

// measureReport is of the largest record that is spoken of: 1,000,000 accesses.
func (s *session) measureReport(ctx context.Context) error {
	big := bigBuild{5000, s.opt.pick(200, 20)}
	for _, step := range []func() error{
		func() error { return big.write(s.bigRecord()) },
		func() error { return s.who.own(s.bigRecord()) },
		s.freshTree,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	s.add(s.reportVariants()...)
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: "report", Unit: "ms", Title: fmt.Sprintf("a report of a record of %d accesses by %d programs", big.accesses(), big.programs)},
		variants:  []string{"catbox-page", "catbox-text", "catbox-bill"},
		rounds:    s.opt.runs,
		status:    true,
		value:     wallMilliseconds,
	})
}

//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
)

// report is everything that was measured, as it goes to the JSON file.
type report struct {
	Header      header       `json:"header"`
	Interrupted bool         `json:"interrupted,omitempty"` // the last benchmark is incomplete
	Benchmarks  []*benchmark `json:"benchmarks"`
	Targets     []verdict    `json:"targets"`
}

func newReport(s *session, catbox string) *report {
	return &report{Header: newHeader(s, catbox)}
}

func (r *report) add(b benchmark, rows []*result) *benchmark {
	b.Results = rows
	r.Benchmarks = append(r.Benchmarks, &b)
	return &b
}

// finish computes what the samples say. Some variants are tried only when their turn comes,
// so it is known now which are missing.
func (r *report) finish(ctx context.Context, missing []missing) {
	r.Interrupted = ctx.Err() != nil
	r.Header.LoadAfter = loadAverage()
	r.Header.Missing = missing
	for _, b := range r.Benchmarks {
		b.summarize()
	}
	r.Targets = verdicts(r.Benchmarks)
}

// write prints the tables to w, and the JSON to file unless that is empty.
func (r *report) write(w io.Writer, file string) error {
	err := r.print(w)
	if file == "" {
		return err
	}
	data, jsonErr := json.MarshalIndent(r, "", "\t")
	if jsonErr != nil {
		return errors.Join(err, jsonErr)
	}
	return errors.Join(err, os.WriteFile(file, append(data, '\n'), 0o644))
}

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/pflag"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// recordOptions are the flags of catbox run about a record.
type recordOptions struct {
	file, detail string
	failIfBlind  bool
}

func (o *recordOptions) addFlags(f *pflag.FlagSet) {
	f.Var((*word)(&o.file), "record", "record what the command does in `FILE`, for 'catbox deps' and 'catbox report'")
	f.Var((*word)(&o.detail), "record-detail", "`DETAIL`: full (the default), or exec (processes and their programs only, not their files)")
	f.BoolVar(&o.failIfBlind, "fail-if-blind", false, "exit 123 if the command succeeded but something could not be recorded")
}

// recording is the record of a run.
type recording struct {
	recordOptions
	store *store.Writer
	blind []record.Blind
}

// open finds out what could not be recorded before the command runs for nothing.
// nil: no record is asked for.
func (o recordOptions) open() (*recording, error) {
	if o.file == "" {
		return nil, o.unused()
	}
	switch catbox.Detail(o.detail) {
	case "", catbox.RecordFull, catbox.RecordExec:
	default:
		return nil, usage("--record-detail %s: want full or exec", record.Quote(o.detail))
	}
	w, err := store.Create(o.file)
	if err != nil {
		return nil, err
	}
	if err := w.Begin(); err != nil {
		return nil, err
	}
	manyCalls()
	return &recording{recordOptions: o, store: w}, nil
}

func (o recordOptions) unused() error {
	switch {
	case o.detail != "":
		return usage("--record-detail is for --record")
	case o.failIfBlind:
		return usage("--fail-if-blind is for --record")
	}
	return nil
}

// manyCalls prepares for a run of which many calls are answered. The garbage of each
// is small, and the time to look for it is the run's. The threads that wait in
// the kernel, of the supervisor and the tracer, count as running: without processors
// for them, Go's scheduler is busy taking theirs away.
func manyCalls() {
	debug.SetGCPercent(400)
	runtime.GOMAXPROCS(runtime.NumCPU() + 2)
}

// Event passes an event on to the store.
func (r *recording) Event(e record.Event) error {
	if b, ok := e.(record.Blind); ok {
		r.blind = append(r.blind, b)
	}
	return r.store.Event(e)
}

// command is what the library is asked for.
func (r *recording) command() *catbox.Record {
	if r == nil {
		return nil
	}
	return &catbox.Record{Sink: r, Detail: catbox.Detail(r.detail), Version: readVersion().Version}
}

// files are what the record is written to.
func (r *recording) files() []string {
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(store.Files(r.store.Path()), func(f string) bool {
		_, err := os.Lstat(f)
		return err != nil
	})
}

// progress shows how far the run is, if it is recorded.
func (r *recording) progress(c *catbox.Cmd) *liveLine {
	if r == nil {
		return nil
	}
	return showProgress(c)
}

// close ends the record. Its error is that of a record that is not whole.
func (r *recording) close() error {
	if r == nil {
		return nil
	}
	return r.store.Close()
}

// ended says what is missing in the record, and gives the exit status.
func (r *recording) ended(res *catbox.Result, status int, quiet bool) int {
	if r == nil {
		return status
	}
	if res.RecordError != nil {
		say("the record is not whole: %s", res.RecordError)
		return statusFailed
	}
	if !quiet {
		r.sayBlind()
	}
	if r.failIfBlind && len(r.blind) > 0 && status == 0 {
		return statusViolation
	}
	return status
}

// sayBlind says what could not be recorded, each thing once.
func (r *recording) sayBlind() {
	var order []string
	times := map[string]int{}
	for _, b := range r.blind {
		text := b.What
		if b.By != "" {
			text += " (" + b.By + ")"
		}
		if times[text]++; times[text] == 1 {
			order = append(order, text)
		}
	}
	for _, text := range order {
		if n := times[text]; n > 1 {
			say("not recorded: %s, %s", text, count(n, "time"))
			continue
		}
		say("not recorded: %s", text)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/deps"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// command is what is run, and where.
type command struct {
	args []string
	dir  string
	env  []string
}

// rebuild builds a source again and again, each time from a copy at the same place: paths get
// into results.
type rebuild struct {
	source  string // with what the copies are made of
	scratch string // removed at the end
	tree    string // that a build can write: the copy, and what it makes beside it
	place   string // of the copy
	command
	before  map[string]string // what is in a copy
	longest time.Duration     // that a build took with nothing hidden
}

func newRebuild(source, was string, c command) (*rebuild, error) {
	scratch, err := os.MkdirTemp(scratchDir(), "catbox-verify-")
	if err != nil {
		return nil, err
	}
	if scratch, err = filepath.EvalSymlinks(scratch); err != nil {
		return nil, err
	}
	tree := filepath.Join(scratch, "tree")
	r := &rebuild{source: source, scratch: scratch, tree: tree, place: filepath.Join(tree, filepath.Base(was))}
	if source == "" {
		r.source = filepath.Join(scratch, "source")
		if err := os.Mkdir(r.source, 0o700); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	r.dir = relocate(c.dir, was, r.place)
	for _, arg := range c.args {
		r.args = append(r.args, relocate(arg, was, r.place))
	}
	for _, entry := range c.env {
		r.env = append(r.env, relocate(entry, was, r.place))
	}
	return r, nil
}

// scratchDir is where there is room: /tmp may be memory.
func scratchDir() string {
	if dir := os.Getenv("TMPDIR"); dir != "" {
		return dir
	}
	return "/var/tmp"
}

// relocate replaces a path, and what begins with its components, by another wherever it
// stands in the text.
func relocate(text, from, to string) string {
	var b strings.Builder
	done := 0
	for {
		i := strings.Index(text[done:], from)
		if i < 0 {
			return b.String() + text[done:]
		}
		begin, end := done+i, done+i+len(from)
		b.WriteString(text[done:begin])
		if begin > 0 && inName(text[begin-1]) || end < len(text) && text[end] != '/' && inName(text[end]) {
			b.WriteString(from)
		} else {
			b.WriteString(to)
		}
		done = end
	}
}

// inName tells that a path goes on there.
func inName(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("/._-+~", c) >= 0 || c >= 0x80
}

// close removes everything that was made.
func (r *rebuild) close() error { return removeTree(r.scratch) }

// prepare has a shell make the source.
func (r *rebuild) prepare(ctx context.Context, script string) error {
	c := catbox.CommandContext(ctx, "sh", "-c", script)
	c.Dir = r.source
	c.Stdout, c.Stderr = os.Stderr, os.Stderr // standard output is the report's
	c.Policy = c.Policy.Allow(policy.Write, r.source).WithNetwork(policy.NetworkHost)
	if err := c.Run(); err != nil {
		return fmt.Errorf("--prepare: %w", err)
	}
	return nil
}

// build is deps.Verifier's.
func (r *rebuild) build(ctx context.Context, hidden []string) (*deps.Build, error) {
	if err := r.renew(); err != nil {
		return nil, err
	}
	begun := time.Now()
	b := &deps.Build{}
	said := &tail{max: 1 << 14}
	err := r.run(ctx, hidden, said)
	b.Elapsed = time.Since(begun)
	var exit *catbox.ExitError
	var exec *catbox.ExecError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &exit) || errors.As(err, &exec):
		b.Failed, b.Output = err.Error(), said.lines(40)
		return b, nil
	case err != nil:
		return nil, err
	}
	if hidden == nil {
		r.longest = max(r.longest, b.Elapsed)
	}
	b.Files, err = r.made()
	return b, err
}

// renew makes a new copy of the source.
func (r *rebuild) renew() error {
	if err := errors.Join(removeTree(r.tree), os.Mkdir(r.tree, 0o755)); err != nil {
		return err
	}
	if err := copyTree(r.source, r.place); err != nil {
		return fmt.Errorf("copy the source: %w", err)
	}
	if r.before != nil {
		return nil
	}
	var err error
	r.before, err = treeContents(r.tree, r.place)
	return err
}

// run runs the command. It may take much longer than it did, as without a tool that
// does better, but not forever.
func (r *rebuild) run(ctx context.Context, hidden []string, said *tail) error {
	path, err := lookPath(r.args[0], searchPath(r.env), r.dir)
	if err != nil {
		return err
	}
	c := catbox.CommandContext(ctx, path)
	c.Args, c.Env, c.Dir = r.args, r.env, r.dir
	c.Stdout, c.Stderr = said, said
	c.Policy = c.Policy.Allow(policy.Write, r.tree).HideName(hidden...)
	if r.longest > 0 {
		c.Limits.Time = 5*r.longest + time.Minute
	}
	return c.Run()
}

// made is what is not as it was before the build.
func (r *rebuild) made() (map[string]string, error) {
	after, err := treeContents(r.tree, r.place)
	if err != nil {
		return nil, err
	}
	for name, content := range r.before {
		switch now, there := after[name]; {
		case !there:
			after[name] = "removed"
		case now == content:
			delete(after, name)
		}
	}
	return after, nil
}

// tail keeps the end of what is written.
type tail struct {
	data []byte
	max  int
}

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if n := len(t.data) - t.max; n > t.max {
		t.data = append(t.data[:0], t.data[n:]...)
	}
	return len(p), nil
}

// lines are the last few.
func (t *tail) lines(most int) []string {
	lines := strings.Split(strings.TrimRight(string(t.data), "\n"), "\n")
	lines = lines[max(0, len(lines)-most):]
	for i, line := range lines {
		lines[i] = strings.Trim(record.Quote(line), `"`)
	}
	return lines
}

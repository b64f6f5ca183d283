// Package compiledb writes the compilations of a run as compile_commands.json,
// the JSON Compilation Database of Clang.
//
// A compilation is a program that is named like a compiler of C, C++ or Objective-C
// and that was given a source file. A wrapper such as ccache counts as the compiler
// that it was given, unless that ran. What configure scripts compile is left out:
// its source was gone at the end.
package compiledb

import (
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/report"
)

// Entry is a compilation of one source file.
type Entry struct {
	Directory string   `json:"directory"`
	Arguments []string `json:"arguments"`
	File      string   `json:"file"`
	Output    string   `json:"output,omitempty"`
}

// Write writes the compilations of a run, one a source file. JSON has no bytes that
// are not UTF-8, and the format no escape: U+FFFD stands for them.
func Write(w io.Writer, r *report.Run) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(Entries(r))
}

// Entries returns the compilations in the order of their source files.
func Entries(r *report.Run) []Entry {
	best := map[string]compilation{}
	for i := range r.Images {
		image := &r.Images[i]
		if image.Forked {
			continue
		}
		for _, c := range compilations(image) {
			if id := r.Paths.Find(c.source()); id >= 0 && r.Files[id].Role&report.Temporary != 0 {
				continue
			}
			if known, ok := best[c.source()]; !ok || c.better(known) {
				best[c.source()] = c
			}
		}
	}
	entries := []Entry{}
	for _, c := range best {
		entries = append(entries, c.Entry)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(Entry.source(a), Entry.source(b)) })
	return entries
}

// source is the file's absolute path.
func (e Entry) source() string {
	if path.IsAbs(e.File) {
		return path.Clean(e.File)
	}
	return path.Join(e.Directory, e.File)
}

type compilation struct {
	Entry
	wrapped bool // found only in the arguments of a wrapper
	whole   bool // to an object, and not to what comes before one (-E, -M, -S)
}

// better tells whether c says more than one that came before. Of two that say the
// same, the first is kept: libtool compiles twice.
func (c compilation) better(than compilation) bool {
	if c.whole != than.whole {
		return c.whole
	}
	return !c.wrapped && than.wrapped
}

// compilations are those of one command, one for each of its sources.
func compilations(image *report.Image) []compilation {
	args, wrapped := unwrap(image.Args)
	if len(args) < 2 || !isCompiler(args[0]) || strings.HasPrefix(args[1], "-cc1") { // Clang's own second process
		return nil
	}
	command := parse(args[1:])
	if command.none {
		return nil
	}
	var all []compilation
	for _, source := range command.sources {
		output := command.output
		if output == "" && command.object {
			output = strings.TrimSuffix(path.Base(source), path.Ext(source)) + ".o"
		}
		all = append(all, compilation{
			Entry:   Entry{Directory: image.Dir, Arguments: args, File: source, Output: output},
			wrapped: wrapped, whole: !command.partly,
		})
	}
	return all
}

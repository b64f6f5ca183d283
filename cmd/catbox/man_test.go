package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the manual pages instead of comparing them")

// manDir holds the pages that are made from the tree of commands. The generator
// is this test, so that the program does not carry it.
const manDir = "../../docs/man"

func TestManPages(t *testing.T) {
	want := manPages(t)
	if *update {
		writePages(t, want)
	}
	got := map[string]string{}
	files, err := filepath.Glob(filepath.Join(manDir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.Base(path)] = string(data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/man is not what the commands say: run go generate (-want +got)\n%s", diff)
	}
}

// manPages returns the pages by file name.
func manPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		cmd.DisableAutoGenTag = true
		cmd.InitDefaultHelpFlag()
		cmd.Flags().VisitAll(nameValue)
		var page bytes.Buffer
		// A fixed date: the page changes with the text and not with the day.
		date := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
		header := &doc.GenManHeader{Section: "1", Source: "catbox", Manual: "User Commands", Date: &date}
		if err := doc.GenMan(cmd, header, &page); err != nil {
			t.Fatal(err)
		}
		name := bytes.ReplaceAll([]byte(cmd.CommandPath()), []byte(" "), []byte("-"))
		// SEE ALSO is the last section; the page of system calls is made by internal/seccomp.
		pages[string(name)+".1"] = strings.TrimRight(page.String(), "\n") + ", \\fBcatbox-syscalls(7)\\fP\n"
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "completion" {
				add(sub)
			}
		}
	}
	add(newRoot())
	return pages
}

// nameValue has the page say --write=PATH, where it would say --write= for
// want of a default.
func nameValue(f *pflag.Flag) {
	if f.NoOptDefVal == "" && f.Value.Type() != "bool" {
		f.DefValue, _ = pflag.UnquoteUsage(f)
	}
}

func writePages(t *testing.T, pages map[string]string) {
	t.Helper()
	if err := os.MkdirAll(manDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(manDir, name), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

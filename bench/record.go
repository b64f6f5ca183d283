//go:build linux

package main

import (
	"context"
	"path/filepath"
)

// recordVariants tell what a build did with files, or at least what it executed.
var recordVariants = []string{"native", "catbox", "catbox-exec", "catbox-record", "strace-filtered", "bear"}

func recordingVariants(catbox, why string) []variant {
	recorded := func(detail string) func(string) []string {
		return func(dir string) []string {
			return []string{catbox, "run", "--record", filepath.Join(dir, ".tmp", "build.db"), "--record-detail", detail, "-w", dir, "--"}
		}
	}
	return []variant{
		{name: "catbox-exec", wrap: recorded("exec"), status: true, watched: true, missing: why},
		{name: "catbox-record", wrap: recorded("full"), status: true, watched: true, missing: why},
		{name: "strace-filtered", wrap: filteredStrace, watched: true, slow: true, missing: needPackage("strace", "strace")},
		{name: "bear", wrap: bear, missing: needPackage("bear", "bear")},
	}
}

// filteredStrace stops for no more than it shows: what names files, and processes.
func filteredStrace(dir string) []string {
	return []string{"strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%file,%process", "-o", filepath.Join(dir, ".tmp", "trace")}
}

// bear preloads a library, and keeps the commands of compilers.
func bear(dir string) []string {
	return []string{"bear", "--output", filepath.Join(dir, ".tmp", "compile_commands.json"), "--"}
}

// measureRecordHello is a configure script: thousands of short shells.
func (s *session) measureRecordHello(ctx context.Context) error {
	return s.measureSource(ctx, "hello", workload{name: "record-hello", shell: "./configure && make", product: "hello",
		variants: recordVariants})
}

// measureRecordSQLite is the compiler at work on one very large file. Debian's sqlite3 has no
// amalgamation before it is built, with tclsh(1); that of fossil, which keeps its history
// in SQLite, comes with one and its shell.
func (s *session) measureRecordSQLite(ctx context.Context) error {
	return s.measureSource(ctx, "fossil", workload{name: "record-sqlite", product: "sqlite3", variants: recordVariants,
		shell: "gcc -O2 -c extsrc/sqlite3.c && gcc -O2 -c extsrc/shell.c && gcc -o sqlite3 shell.o sqlite3.o -lm"})
}

// measureRecordLua is a build of many small files, which compiles most of its time.
func (s *session) measureRecordLua(ctx context.Context) error {
	return s.measureSource(ctx, "lua5.4", workload{name: "record-lua", shell: "make linux", product: "src/lua", variants: recordVariants})
}

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// exitFailed is the exit status of a check that failed and has said why.
const exitFailed = 1

// runApart runs a check in a process and a directory of its own. It returns
// why it failed, or nothing.
func runApart(parent, name string) string {
	dir, err := os.MkdirTemp(parent, "fakecheck-")
	if err != nil {
		return err.Error()
	}
	defer removeAll(dir)
	// Checks that drop their privileges go on in here.
	if err := os.Chmod(dir, 0o777); err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-check", name)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return reason(ctx, err, out.String())
	}
	return ""
}

func reason(ctx context.Context, err error, out string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if ctx.Err() != nil {
		return "did not end: " + first
	}
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == exitFailed && first != "" {
		return first
	}
	return err.Error() + ": " + first
}

// removeAll gets rid of directories that nobody may search, too, where root is
// not root after all.
func removeAll(dir string) {
	filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			os.Chmod(path, 0o700) // what can't be changed is left behind
		}
		return nil
	})
	os.RemoveAll(dir)
}

// play does what a process that a check starts is for, and does not return then.
func play(role string, args []string) {
	switch role {
	case "-check":
		playCheck(args[0])
	case "-ids":
		fmt.Println(ids())
	case "-caps":
		playCaps()
	case "-stat":
		fmt.Println(show(lstat(args[0])))
	case "-execveat":
		playExecveat(args[0])
	case "-drop-and-exec":
		drop(1000)
		fails("exec "+args[0], unix.Exec(args[0], []string{args[0], "-ids"}, nil), 0)
	default:
		return
	}
	os.Exit(0)
}

// playCheck runs on one thread: what is a thread's own (fsuid, capabilities)
// stays with the check.
func playCheck(name string) {
	runtime.LockOSThread()
	unix.Umask(0o022)
	defer func() {
		if f, ok := recover().(failure); ok {
			fmt.Println(string(f))
			os.Exit(exitFailed)
		}
	}()
	for _, c := range checks {
		if c.name == name {
			c.run()
			os.Exit(0)
		}
	}
	panic(failure("no check " + name))
}

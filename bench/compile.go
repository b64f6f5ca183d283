//go:build linux

package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
)

// programs are the C programs that measure from inside: static, so that the
// dynamic loader's calls are not measured.
//
//go:embed c/*.c
var programs embed.FS

func (s *session) compile(ctx context.Context) error {
	for _, name := range []string{"floor", "call", "writers"} {
		if err := s.compileOne(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) compileOne(ctx context.Context, name string) error {
	source, err := programs.ReadFile("c/" + name + ".c")
	if err != nil {
		return err
	}
	file := s.bin(name + ".c")
	if err := os.WriteFile(file, source, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "gcc", "-O2", "-Wall", "-static", "-pthread", "-o", s.bin(name), file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("gcc %s.c: %w (are libc6-dev and linux-libc-dev installed?)\n%s", name, err, out)
	}
	return nil
}

//go:build linux

package main

import (
	"cmp"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// rootVariants start a command in a root filesystem, read-only and with the same
// mounts: what catbox has there is in docs/root-filesystems.md.
func (s *session) rootVariants() []variant {
	root := s.rootfs()
	_, static := staticBusybox()
	return []variant{
		{name: "catbox-root", wrap: prefix(s.binary, "run", "--root", root, "--"), missing: cmp.Or(s.noBinary, static)},
		{name: "bubblewrap-root", missing: cmp.Or(needPackage("bwrap", "bubblewrap"), static),
			wrap: prefix("bwrap", "--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp",
				"--unshare-all", "--die-with-parent", "--chdir", "/")},
	}
}

func (s *session) rootfs() string { return filepath.Join(s.dir, "root") }

// measureRootStart is the start row in a tree of busybox.
func (s *session) measureRootStart(ctx context.Context) error {
	if _, why := staticBusybox(); why == "" {
		if err := s.makeRoot(s.rootfs()); err != nil {
			return err
		}
	}
	s.admit(ctx, s.rootVariants()...)
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: "root-start", Unit: "ms", References: []string{"bubblewrap-root"},
			Title: "start, run and end a static /bin/true in a root filesystem"},
		variants: []string{"catbox-root", "bubblewrap-root"},
		rounds:   s.opt.pick(300, 30),
		argv:     []string{"/bin/true"},
		value:    wallMilliseconds,
	})
}

// makeRoot makes a root filesystem of the identity's with busybox and little else.
func (s *session) makeRoot(root string) error {
	for _, dir := range []string{"", "bin", "dev", "etc", "proc", "tmp", "var", "var/tmp"} {
		if err := s.ownDir(filepath.Join(root, dir)); err != nil {
			return err
		}
	}
	busybox, why := staticBusybox()
	if why != "" {
		return fmt.Errorf("busybox: %s", why)
	}
	if err := copyFile(busybox, filepath.Join(root, "bin", "busybox"), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"true", "sh", "cp"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "group"), []byte("root:x:0:\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "etc", "passwd"), []byte("root:x:0:0:root:/root:/bin/sh\n"), 0o644)
}

// staticBusybox finds busybox, or says why it is no use in a root without a C library.
func staticBusybox() (path, why string) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return "", needPackage("busybox", "busybox-static")
	}
	if why := notStatic(path); why != "" {
		return "", path + ": " + why + " (apt-get install busybox-static)"
	}
	return path, ""
}

// notStatic says what keeps a program from running without a dynamic loader, which
// it names in a segment of the type PT_INTERP (elf(5)).
func notStatic(program string) string {
	f, err := elf.Open(program)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "it is not static"
		}
	}
	return ""
}

func copyFile(from, to string, mode os.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// fetchSource returns the upstream tarball of a Debian source package, from the
// cache, or with apt and a state of its own: neither the host's list of
// sources nor its cache is touched, and no root is needed.
func (s *session) fetchSource(ctx context.Context, pkg string) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if tarball := findTarball(cache, pkg); tarball != "" {
		return tarball, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", fmt.Errorf("apt-get is not installed: put %s_VERSION.orig.tar.gz into %s, or leave this out with -only", pkg, cache)
	}
	s.progress("fetching the source of %s", pkg)
	if err := s.aptSource(ctx, pkg, cache); err != nil {
		return "", fmt.Errorf("fetch the source of %s: %w (without a network: -only start,call,parallel,many)", pkg, err)
	}
	if tarball := findTarball(cache, pkg); tarball != "" {
		return tarball, nil
	}
	return "", fmt.Errorf("apt-get source %s brought no .orig.tar", pkg)
}

func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "catbox-bench")
	return dir, os.MkdirAll(dir, 0o755)
}

// findTarball takes the newest name if there are several.
func findTarball(dir, pkg string) string {
	found, _ := filepath.Glob(filepath.Join(dir, pkg+"_*.orig.tar.*"))
	found = slices.DeleteFunc(found, func(f string) bool { return strings.HasSuffix(f, ".asc") })
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}

// aptSource leaves the package's files in dir. apt checks them against the
// signed index.
func (s *session) aptSource(ctx context.Context, pkg, dir string) error {
	flags, err := s.aptState()
	if err != nil {
		return err
	}
	// A hook of the host (APT::Update::Post-Invoke) may fail for want of rights
	// after the index was fetched; what counts is whether the source comes.
	_, updateErr := apt(ctx, s.dir, append(flags, "update")...)
	if out, err := apt(ctx, dir, append(flags, "source", "--download-only", pkg)...); err != nil {
		return fmt.Errorf("apt-get source: %w: %s (apt-get update: %v)", err, lastLine(out), updateErr)
	}
	return nil
}

func apt(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// aptState makes the private state, and returns the flags that select it.
func (s *session) aptState() ([]string, error) {
	root := filepath.Join(s.dir, "apt")
	for _, dir := range []string{"sources", "lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return nil, err
		}
	}
	if err := writeSourceLists(filepath.Join(root, "sources")); err != nil {
		return nil, err
	}
	flags := []string{"-q",
		"-o", "Dir::Etc::SourceList=/dev/null",
		"-o", "Dir::Etc::SourceParts=" + filepath.Join(root, "sources"),
		"-o", "Dir::State::Lists=" + filepath.Join(root, "lists"),
		"-o", "Dir::Cache=" + filepath.Join(root, "cache"),
		"-o", "Acquire::Languages=none"}
	if os.Geteuid() == 0 { // else apt drops to _apt, which can't write here
		flags = append(flags, "-o", "APT::Sandbox::User=root")
	}
	return flags, nil
}

// writeSourceLists copies the host's sources.list(5) files to dir with deb-src
// for deb.
func writeSourceLists(dir string) error {
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	written := 0
	for _, file := range append(files, "/etc/apt/sources.list") {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // absent or not for us
		}
		name, text := sourceList(filepath.Base(file), string(data), codename())
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
		written++
	}
	if written == 0 {
		return fmt.Errorf("no entry for %q in /etc/apt/sources.list or sources.list.d to get source packages from", codename())
	}
	return nil
}

// codename is VERSION_CODENAME of os-release(5).
func codename() string {
	data, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return "sid"
}

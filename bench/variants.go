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

// variant is one way to run a command.
type variant struct {
	name    string
	wrap    func(dir string) []string // what goes before the command; dir is writable
	status  bool                      // understands --json-status-fd
	watched bool                      // its first process is a supervisor
	slow    bool                      // left out with -quick
	missing string                    // why it can't be measured; "" if it can
}

// allVariants are the rows of every table, by name. catbox is the binary, or
// why says that there is none.
func allVariants(s *session, catbox, why string) []variant {
	return slices.Concat(fakerootVariants(catbox, why), recordingVariants(catbox, why), []variant{
		{name: "native", wrap: prefix()},
		{name: "catbox", wrap: catboxWrap(catbox), status: true, watched: true, missing: why},
		{name: "bubblewrap", wrap: bubblewrap, watched: true, missing: needPackage("bwrap", "bubblewrap")},
		{name: "bubblewrap-plain", wrap: prefix("bwrap", "--bind", "/", "/"), missing: needPackage("bwrap", "bubblewrap")},
		{name: "floor-bare", wrap: prefix(s.bin("floor"), "bare"), watched: true},
		{name: "floor-find", wrap: prefix(s.bin("floor"), "find"), watched: true},
		{name: "floor-read", wrap: prefix(s.bin("floor"), "read"), watched: true},
		{name: "strace", wrap: prefix("strace", "-f", "-o", "/dev/null"), watched: true, slow: true, missing: needPackage("strace", "strace")},
		{name: "proot", wrap: prefix("proot"), watched: true, slow: true, missing: needPackage("proot", "proot")},
	})
}

func prefix(argv ...string) func(string) []string {
	return func(string) []string { return argv }
}

func catboxWrap(binary string) func(string) []string {
	return func(dir string) []string { return []string{binary, "run", "-w", dir, "--"} }
}

// bubblewrap with the isolation that catbox run has: the host read-only, one
// writable directory, a private /tmp, no network, all namespaces.
func bubblewrap(dir string) []string {
	return []string{"bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--bind", dir, dir,
		"--proc", "/proc", "--dev", "/dev", "--unshare-all", "--die-with-parent"}
}

// argv is the command wrapped; status asks for status lines where they exist.
func (v variant) argv(dir string, status bool, command ...string) []string {
	argv := append([]string(nil), v.wrap(dir)...)
	if status && v.status { // its flags end with "--"
		argv = append(argv[:len(argv)-1], "--json-status-fd", "3", "--")
	}
	return append(argv, command...)
}

func needPackage(program, debian string) string {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Sprintf("not installed (apt-get install %s)", debian)
	}
	return ""
}

// needTools checks what the driver can't do without.
func needTools(programs ...string) error {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return fmt.Errorf("%s is not installed: apt-get install gcc libc6-dev make tar", p)
		}
	}
	return nil
}

// admit adds variants, and runs /bin/true in each variant once. What does not work here at all
// (user namespaces refused, say) is told once and not measured.
func (s *session) admit(ctx context.Context, all ...variant) {
	for _, v := range all {
		if v.missing == "" && v.slow && s.opt.quick {
			v.missing = "left out by -quick"
		}
		if v.missing == "" {
			v.missing = s.tryTrue(ctx, v)
		}
		s.add(v)
	}
}

// add adds variants untried: whole commands, and those whose first run counts.
func (s *session) add(all ...variant) {
	if s.variants == nil {
		s.variants = map[string]variant{}
	}
	for _, v := range all {
		s.variants[v.name] = v
	}
}

func (s *session) tryTrue(ctx context.Context, v variant) string {
	if err := s.freshTree(); err != nil {
		return err.Error()
	}
	o, err := s.run(ctx, command{argv: v.argv(s.tree(), false, "/bin/true")})
	if err != nil {
		return err.Error()
	}
	if o.failure != "" {
		return "can't run /bin/true: " + o.failure
	}
	return ""
}

// catbox builds the binary, unless one was given. Other variants are worth
// measuring without it, so a failure is a reason and not an error.
func (s *session) catbox(ctx context.Context) (binary, why string) {
	if s.opt.catbox != "" {
		binary, err := filepath.Abs(s.opt.catbox) // it is run from another directory
		if err == nil {
			_, err = os.Stat(binary)
		}
		if err != nil {
			return "", err.Error()
		}
		return binary, ""
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.bin("catbox"), "github.com/catbox-go/catbox/cmd/catbox")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(string(out), "\n")
		return "", "does not build: " + printable(first)
	}
	return s.bin("catbox"), ""
}

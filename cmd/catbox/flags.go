package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (o *runOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SetInterspersed(false) // they end at COMMAND
	f.SortFlags = false
	f.VarP((*list)(&o.Write), "write", "w", "`PATH` is writable, or what ~REGEX matches, or \"none\" (default: the current directory; repeat; -p too)")
	f.VarP((*list)(&o.Write), "path", "p", "the same as -w")
	f.Var((*list)(&o.NoWrite), "no-write", "`PATH` is not writable, though below one that is (repeat)")
	f.VarP((*list)(&o.Read), "read", "r", "only `PATH` is readable, and what is writable (default: everything; repeat)")
	f.Var((*list)(&o.Hide), "hide", "`PATH` is not there at all (repeat)")
	f.Var((*word)(&o.Root), "root", "the root directory is `DIR`, a root filesystem; other paths but --bind's SRC are paths in it (default: the host's)")
	f.Var((*word)(&o.Overlay), "overlay", "what is written goes to `DIR` and the tree stays as it is, but for the paths of -w (see 'catbox changes')")
	f.Var((*list)(&o.Lower), "overlay-lower", "`DIR` of another overlay, whose changes are seen, below those of --overlay (repeat, the topmost first)")
	f.Var((*word)(&o.OverlayType), "overlay-type", "`TYPE` of what shows the layers as one tree: overlay, the kernel's, or fuse-overlayfs (default: the first that can be had)")
	f.Var((*word)(&o.installTo), "install-to", "what is written outside of the paths of -w is in `DIR` at the end if the command succeeded, as with make DESTDIR=DIR; if it failed, nothing is there, and only --overlay keeps it")
	f.Var((*list)(&o.Bind), "bind", "`SRC[:DST][:OPTIONS]`: what the host has at SRC is at DST, and writable unless OPTIONS has ro (repeat)")
	f.Var((*list)(&o.Tmpfs), "tmpfs", "an empty file system in memory at `DST[:OPTIONS]`, such as size=1G,mode=0755 (repeat)")
	f.Var((*list)(&o.Proc), "proc", "the run's /proc at `DST` too (repeat)")
	f.Var((*list)(&o.Dev), "dev", "the run's /dev at `DST` too (repeat)")
	f.Var((*list)(&o.Mount), "mount", "'`SRC DST TYPE OPTIONS`' as a line of fstab(5) (repeat)")
	f.Var((*word)(&o.Net), "net", "`MODE` isolated: only its own loopback; none: no sockets but unix; host: the host's network\n(default: isolated, or none where there are no network namespaces; -n is --net host)")
	f.VarPF(constant{&o.Net, "host"}, "network", "n", "the same as --net host").NoOptDefVal = "true"
	f.Var((*list)(&o.AllowConnect), "allow-connect", "only `DEST` may be connected to: ADDRESS[/BITS][:PORT], a unix socket's path, or @NAME (repeat)")
	f.Var((*word)(&o.OnViolation), "on-violation", "`ACTION`: deny (the default), log (let it happen and report it), or stop (end the run)")
	f.VarPF(constant{&o.OnViolation, "log"}, "collect-only", "", "the same as --on-violation log").NoOptDefVal = "true"
	f.Var((*word)(&o.violations), "violations", "write violations to `FILE` (- is standard error) as they happen, a JSON object a line; the command cannot write FILE")
	f.BoolVar(&o.strict, "strict", false, "exit 123 if the command succeeded but there were violations")
	f.Var((*word)(&o.dir), "cd", "the command's working directory is `DIR`")
	f.Var(variables{&o.Env}, "env", "set a variable: `NAME=VALUE` (repeat)")
	f.BoolVar(&o.clearEnv, "clear-env", false, "the command has only the variables of --env")
	f.Var((*word)(&o.Executor), "executor", "`NAME` of what isolates the command: native (catbox itself, the default), landlock (without namespaces), bubblewrap,\nlinux-user-chroot or chroot (see docs/executors.md for what each can)")
	f.BoolVar(&o.degrade, "degrade", false, "go on without what this host cannot enforce, and list it")
	f.Var(limitFlag{&o.Limit}, "limit", "`KEY=VALUE`[,...]: cpu=90s and fsize=1G of each process or file, files=256 open ones, mem=2G and procs=64\nof the run where a cgroup is delegated, else of each process and of the user, time=10m by the clock (repeat)")
	o.fake.addRunFlags(cmd)
	o.record.addFlags(f)
	f.Var((*list)(&o.profiles), "profile", "take options from the profile `NAME` (repeat)")
	f.Var((*descriptor)(&o.statusFD), "json-status-fd", "write JSON lines about the run to the open descriptor `N`")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no lines about violations on standard error")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "say at the end what enforced what, and what was used")
	for _, alias := range []string{"path", "network"} {
		f.Lookup(alias).Hidden = true // they are named at -w and --net
	}
}

// list is a flag that can be repeated. A comma in it is a comma.
type list []string

func (l *list) Set(s string) error { *l = append(*l, s); return nil }
func (l *list) Type() string       { return "list" }
func (l *list) String() string     { return strings.Join(*l, " ") }

// word is a flag with one value, which is not empty.
type word string

func (w *word) Set(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	*w = word(s)
	return nil
}
func (w *word) Type() string   { return "word" }
func (w *word) String() string { return string(*w) }

// constant is a flag without a value, that stands for another flag with one.
type constant struct {
	to    *string
	value string
}

func (c constant) Set(s string) error {
	on, err := strconv.ParseBool(s)
	if err == nil && on {
		*c.to = c.value
	}
	return err
}
func (c constant) Type() string   { return "bool" }
func (c constant) String() string { return "false" }

// variables is --env.
type variables struct{ to *map[string]string }

func (v variables) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("want NAME=VALUE")
	}
	if *v.to == nil {
		*v.to = map[string]string{}
	}
	(*v.to)[name] = value
	return nil
}
func (v variables) Type() string   { return "NAME=VALUE" }
func (v variables) String() string { return "" }

// descriptor is --json-status-fd; 0 means that it was not given.
type descriptor int

func (d *descriptor) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 2 {
		return errors.New("want the number of an open descriptor, 2 or more (standard output is the command's own)")
	}
	*d = descriptor(n)
	return nil
}
func (d *descriptor) Type() string   { return "int" }
func (d *descriptor) String() string { return "" }

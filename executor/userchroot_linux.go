package executor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/catbox-go/catbox/internal/paths"
)

// userChroot runs the command by linux-user-chroot(8), which has to be
// installed setuid root, or the caller has to be root. The program tells
// neither a signal nor a failure of its own from an exit status of 1.
type userChroot struct{ program }

func newUserChroot() *userChroot {
	return &userChroot{program{
		executor: "linux-user-chroot", name: "linux-user-chroot",
		install: "it is no longer in Debian (the package bubblewrap succeeds it): build it from its source and install it setuid root",
		probe:   []string{"/"}, network: "--unshare-net",
	}}
}

func (*userChroot) Name() string { return "linux-user-chroot" }

func (u *userChroot) Capabilities() Capabilities { return u.capabilities("bind", "proc", "tmpfs") }

func (u *userChroot) Run(ctx context.Context, spec Spec) (Result, error) {
	spec, err := check(u, spec)
	if err != nil {
		return Result{}, err
	}
	if err := errors.Join(spec.checkProgram(), spec.checkDir()); err != nil {
		return Result{}, err
	}
	scratch, err := scratchDir()
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(scratch)
	argv, err := u.commandLine(&spec, scratch)
	if err != nil {
		return Result{}, err
	}
	return (&process{spec: &spec, argv: argv}).run(ctx)
}

// scratchDir makes a directory for what stands for tmpfs, where the user has a
// file system in memory if there is one.
func scratchDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		if scratch, err := os.MkdirTemp(dir, "catbox-"); err == nil {
			return scratch, nil
		}
	}
	return os.MkdirTemp("", "catbox-")
}

// chrootLine is a command line of linux-user-chroot while it is put together.
type chrootLine struct {
	spec    *Spec
	scratch string
	args    []string
}

// commandLine is that of linux-user-chroot 2012.2 or later. The program mounts
// in the order of its arguments, and no mount that it makes brings along what is
// mounted below its source.
func (u *userChroot) commandLine(s *Spec, scratch string) ([]string, error) {
	steps, err := s.view()
	if err != nil {
		return nil, err
	}
	l := &chrootLine{spec: s, scratch: scratch, args: []string{u.path}}
	if s.Network == Isolated {
		l.add("--unshare-net")
	}
	if s.Mounts == Isolated {
		l.add("--unshare-pid", "--unshare-ipc")
	}
	if err := l.mounts(steps); err != nil {
		return nil, err
	}
	l.add("--chdir", s.Dir, s.Root)
	return append(l.args, s.Command...), nil
}

func (l *chrootLine) add(args ...string) { l.args = append(l.args, args...) }

func (l *chrootLine) mounts(steps []step) error {
	limited, host := !l.spec.Writable.All(), l.spec.Root == "/"
	if limited && !host {
		if err := l.closeRoot(steps); err != nil {
			return err
		}
	}
	for _, st := range steps {
		if err := l.step(st); err != nil {
			return err
		}
	}
	if limited && host {
		return l.closeHost(steps)
	}
	return nil
}

// closeRoot makes the root read-only, by a mount that covers it. What is bound
// from there after that is read-only too: so what is to stay writable is first
// bound aside, outside of the root, and from there later. The program appends a
// target to the root's path as it is.
func (l *chrootLine) closeRoot(steps []step) error {
	up := strings.Repeat("/..", strings.Count(l.spec.Root, "/"))
	for i := range steps {
		st := &steps[i]
		if st.kind != "bind" || st.readOnly || !paths.Under(st.source, l.spec.Root) {
			continue
		}
		aside := filepath.Join(l.scratch, strconv.Itoa(i))
		if err := makeTarget(aside, st.source); err != nil {
			return err
		}
		l.add("--mount-bind", st.source, up+aside)
		st.source = aside
	}
	l.add("--mount-readonly", "/")
	return nil
}

// closeHost makes the host's root read-only, and what is mounted there. The
// mount of / covers nothing, as the command does not get it for its root: the
// root that is there becomes read-only, and the mounts below it stay. Those that
// hold something writable would be covered.
func (l *chrootLine) closeHost(steps []step) error {
	below, err := writableMounts()
	if err != nil {
		return err
	}
	for _, dir := range below {
		for _, st := range steps {
			if paths.Under(st.target, dir) {
				return &UnsupportedError{"linux-user-chroot", "Writable", l.spec.Writable.String(),
					[]string{writableAll, "paths, and mounts, outside of " + dir + ", which is a mount of the host"}}
			}
		}
	}
	l.add("--mount-readonly", "/")
	for _, dir := range below {
		l.add("--mount-readonly", dir)
	}
	return nil
}

// kernelFiles are the types of file systems that hold no files of users.
var kernelFiles = []string{"proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs",
	"configfs", "pstore", "bpf", "autofs", "binfmt_misc", "fusectl", "efivarfs", "rpc_pipefs", "nsfs"}

// writableMounts lists the directories at which the host has file systems that
// can be written (proc_pid_mountinfo(5)), those above others first.
func writableMounts() ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		before, after, _ := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 6 || len(kind) == 0 || slices.Contains(kernelFiles, kind[0]) || !strings.HasPrefix(fields[5], "rw") {
			continue
		}
		if dir := paths.Unescape(fields[4]); dir != "/" {
			dirs = append(dirs, dir)
		}
	}
	return paths.Topmost(dirs), nil
}

func (l *chrootLine) step(st step) error {
	var err error
	switch st.kind {
	case "bind":
		l.add("--mount-bind", st.source, st.target)
		err = onlyOptions("linux-user-chroot", st.mount, "bind", "ro", "rw", "defaults")
	case "remount":
		if !st.mount.Has("ro") {
			return &UnsupportedError{"linux-user-chroot", "ExtraMounts", st.mount.String(), []string{"remount,ro"}}
		}
		st.readOnly = true
		err = onlyOptions("linux-user-chroot", st.mount, "remount", "ro", "bind", "defaults")
	case "proc":
		l.add("--mount-proc", st.target)
		err = onlyOptions("linux-user-chroot", st.mount, "ro", "rw", "defaults")
	case "tmpfs":
		err = l.tmpfs(st)
	}
	if st.readOnly {
		l.add("--mount-readonly", st.target)
	}
	return err
}

// tmpfs binds an empty directory in the place of a tmpfs, which the program
// cannot mount.
func (l *chrootLine) tmpfs(st step) error {
	dir := filepath.Join(l.scratch, "tmpfs", st.target)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	l.add("--mount-bind", dir, st.target)
	return onlyOptions("linux-user-chroot", st.mount, "ro", "rw", "defaults")
}

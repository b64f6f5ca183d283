package catbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/cgroup"
	"github.com/catbox-go/catbox/internal/idmap"
	"github.com/catbox-go/catbox/internal/landlock"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/internal/stage"
	"github.com/catbox-go/catbox/internal/supervisor"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/sys/spawn"
	"github.com/catbox-go/catbox/policy"
)

func (p *plan) stageConfig(group *cgroup.Group) stage.Config {
	c := p.cmd
	cfg := stage.Config{
		Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr, Files: c.ExtraFiles, WaitDelay: c.WaitDelay, Cgroup: group.Dir(),
		Gone: group != nil || p.overlay != nil, Early: p.startsEarly(), Anew: p.held.serves(),
		Spec: func() (stage.Spec, error) { return p.spec(group) },
	}
	cfg.Stopped = c.Hooks.Stopped
	if p.ownIDs() {
		cfg.TakeBack = func() []string { return p.fake.Shifted(p.dir) }
		cfg.Taken = p.takenBack
	}
	if hook := c.Hooks.Died; hook != nil {
		cfg.Died = func(d stage.Death) { hook(d.PID, d.Signal) }
	}
	if p.root || c.FakeRoot != nil {
		cfg.Caps = spawn.RootCaps
	}
	if c.FakeRoot != nil {
		cfg.Caps |= spawn.FakeRootCaps
	}
	if p.tier == 1 && c.Wrapper == nil {
		p.namespaces(&cfg)
	}
	return cfg
}

// spec is what the first process is to do.
func (p *plan) spec(group *cgroup.Group) (stage.Spec, error) {
	c := p.cmd
	prog, err := seccomp.Compile(abi.Native(), seccomp.Rules(p.filter()))
	if err != nil {
		return stage.Spec{}, err
	}
	env := c.Env
	if env == nil {
		env = os.Environ()
	}
	args := c.Args
	if len(args) == 0 {
		args = []string{c.Path}
	}
	spec := stage.Spec{
		Path: p.path, Args: args, Env: p.environment(env), Dir: p.dir, View: p.view(), Landlock: p.landlock(),
		Filter: prog, FilterFlags: seccomp.ListenerFlags, PIDNamespace: p.tier == 1, Limits: p.limits(group),
		Self: c.function, Remove: p.tmp, Give: p.give, NewPrivs: p.ownIDs(),
	}
	return spec, nil
}

// environment adds what the run needs to find its directory for temporary files.
func (p *plan) environment(env []string) []string {
	if p.tmp == "" {
		return env
	}
	return append(slices.Clip(env), "TMPDIR="+p.tmp)
}

func (p *plan) namespaces(cfg *stage.Config) {
	cfg.Cloneflags = spawn.Namespaces
	if p.netNamespace() {
		cfg.Cloneflags |= unix.CLONE_NEWNET
	}
	cfg.UIDMap, cfg.GIDMap, cfg.Setgroups = idMaps()
	switch {
	case p.ownIDs():
		cfg.UIDMap, cfg.GIDMap, cfg.Setgroups, cfg.IDTools = p.fake.UIDs, p.fake.GIDs, true, p.idTools
	case p.cmd.FakeRoot != nil && !p.root:
		cfg.UIDMap[0].ContainerID, cfg.GIDMap[0].ContainerID = 0, 0
	}
}

// landlock is the second wall behind the mounts, and the first without them.
func (p *plan) landlock() *landlock.Rules {
	// What is not in a root filesystem is not part of "everything".
	r := &landlock.Rules{AnyWrite: p.walls.any && !p.cmd.ownRoot(), Scope: !p.log && p.abi >= 6}
	if p.log || p.abi == 0 {
		return nil
	}
	r.Write = slices.Concat(p.walls.writable, p.own)
	if p.tier == 1 {
		r.Write = append(r.Write, "/proc") // of the run's own pid namespace
	}
	r.Devices = p.devices
	if p.tier > 1 && p.readable != nil {
		r.Read = slices.Concat(p.readable, p.walls.writable, p.existing([]string{"/proc", "/dev"}), r.Write, p.existing(r.Devices))
	}
	if p.policy.Restricts(policy.Exec) {
		r.Exec = p.executable()
	}
	return r
}

// executable lists the places from which programs may be executed.
func (p *plan) executable() []string {
	paths := slices.Clone(p.private)
	for _, r := range p.policy.Rules() {
		if r.Effect == policy.EffectAllow && r.Access&policy.Exec != 0 && !r.Pattern.IsRegexp() {
			paths = append(paths, r.Pattern.Literal())
		}
	}
	if p.tmp != "" {
		paths = append(paths, p.tmp)
	}
	return append([]string{}, p.existing(paths)...)
}

// existing are those of the paths that are there for the run.
func (p *plan) existing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		canonical, err := p.tree.canonical(path)
		if err == nil {
			_, err = p.tree.lstat(canonical)
		}
		return err != nil
	})
}

func (p *plan) supervisorConfig(r *run) supervisor.Config {
	stop := func() {
		r.stopped.Store(true)
		r.kill()
	}
	if p.fake != nil {
		p.fake.Mapped = p.tier == 1 && p.cmd.Wrapper == nil || p.root
		p.fake.Make = p.maker(r)
		if p.cmd.ownTree() {
			p.fake.HostPath, p.fake.NoBirth, p.fake.Below = p.hostPath, p.overlay != nil, p.below()
		}
	}
	outside, denied := p.givenOutside()
	return supervisor.Config{
		GivenOutside: outside && p.tier == 1, OwnTree: p.cmd.ownTree(), TakeOver: p.takesOver(),
		Fake: p.fake, SameTree: p.sameTree(),
		Listener: r.stage.Listener, PID: r.stage.PID(), Policy: p.policy, Own: p.own, Host: p.onHost(), Devices: p.devices,
		Exact: p.walls.exact, Mounts: p.hasMounts(), Loopback: p.netNamespace(), Netns: r.stage.Netns,
		MetadataOpen: !p.hasMounts() || denied,
		Given:        given(p.cmd), Socket: r.stage.Socket, Handlers: p.cmd.Handlers,
		Violation: p.violation(r), Stop: stop, SyncWakeUp: true,
		Recorder: r.recorder, Command: p.command(), RecordFiles: p.recordsFiles(), FreeConnect: !p.watchesConnect(), PIDNamespace: p.tier == 1,
	}
}

// sameTree tells whether the run sees the host's files as they are.
func (p *plan) sameTree() bool {
	return p.tier == 1 && !p.cmd.ownTree() && p.readable == nil && len(p.private) == 0 && len(p.walls.hidden) == 0
}

// onHost lists the places of the host that are seen in the run's own directories.
func (p *plan) onHost() []string {
	return slices.DeleteFunc(slices.Concat(p.visible, p.onDisk()), func(path string) bool { return path == "/" })
}

// givenOutside tells whether one of the descriptors that the command gets is of
// a file of the host whose metadata this user could change, and whether that is not to
// happen to one of these: it is neither given to be written nor does the policy allow it. Mounts do not
// hold that: the descriptor is on one of the host's.
func (p *plan) givenOutside() (some, denied bool) {
	files, toWrite := slices.Clone(p.cmd.ExtraFiles), given(p.cmd)
	for _, stream := range []any{p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr} {
		f, ok := stream.(*os.File)
		switch {
		case ok && f != nil:
			files = append(files, f)
		case stream == nil && p.root:
			some, denied = true, true // /dev/null, which is root's
		}
	}
	for _, f := range files {
		var st unix.Stat_t
		path, err := os.Readlink(sys.FDPath(int(f.Fd())))
		if err != nil || unix.Fstat(int(f.Fd()), &st) != nil {
			return true, true
		}
		if filepath.IsAbs(path) && (p.root || st.Uid == uint32(os.Geteuid())) {
			some = true
			denied = denied || !slices.Contains(toWrite, supervisor.FileID{Dev: st.Dev, Ino: st.Ino}) && (p.cmd.ownTree() || !p.policy.Allows(policy.Write, path))
		}
	}
	return some, denied
}

// isGivenOutside tells whether there is any such descriptor.
func (p *plan) isGivenOutside() bool {
	some, _ := p.givenOutside()
	return some
}

// given are the regular files that the command has as standard streams, open
// for writing.
func given(c *Cmd) []supervisor.FileID {
	var ids []supervisor.FileID
	for _, stream := range []any{c.Stdin, c.Stdout, c.Stderr} {
		f, ok := stream.(*os.File)
		if !ok || f == nil {
			continue
		}
		var st unix.Stat_t
		flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY || unix.Fstat(int(f.Fd()), &st) != nil {
			continue
		}
		if st.Mode&unix.S_IFMT == unix.S_IFREG {
			ids = append(ids, supervisor.FileID{Dev: st.Dev, Ino: st.Ino})
		}
	}
	return ids
}

// idMaps maps the caller's ids to themselves: all that there are for one who
// may set ids, the caller's own for anybody else.
func idMaps() (uids, gids idmap.Map, setgroups bool) {
	if maySetIDs() {
		uids, gids = toThemselves("/proc/self/uid_map"), toThemselves("/proc/self/gid_map")
		if uids != nil && gids != nil {
			return uids, gids, true
		}
	}
	uid, gid := os.Geteuid(), os.Getegid()
	return idmap.Map{{ContainerID: uid, HostID: uid, Size: 1}}, idmap.Map{{ContainerID: gid, HostID: gid, Size: 1}}, false
}

// toThemselves are the ids of the caller's user namespace, each mapped to itself.
func toThemselves(path string) idmap.Map {
	ids := idmap.Read(path)
	for i := range ids {
		ids[i].HostID = ids[i].ContainerID
	}
	return ids
}

// limits are set on the command itself; what a control group holds is not repeated.
func (p *plan) limits(group *cgroup.Group) []stage.Limit {
	l := p.cmd.Limits
	var limits []stage.Limit
	add := func(resource int, value uint64) {
		if value > 0 {
			limits = append(limits, stage.Limit{Resource: resource, Value: value})
		}
	}
	add(unix.RLIMIT_CPU, uint64((l.CPU+time.Second-1)/time.Second))
	add(unix.RLIMIT_NOFILE, l.OpenFiles)
	add(unix.RLIMIT_FSIZE, l.FileSize)
	if group == nil {
		add(unix.RLIMIT_AS, l.Memory)
		add(unix.RLIMIT_NPROC, l.Processes)
	}
	return limits
}

// makeGroup makes a control group if there is something for it to hold. Where
// none can be had, rlimits hold each process, and the result says so.
func (p *plan) makeGroup() (*cgroup.Group, error) {
	l := p.cmd.Limits
	if l.Memory == 0 && l.Processes == 0 {
		return nil, nil
	}
	group, err := cgroup.New(cgroup.Limits{Memory: l.Memory, Processes: l.Processes})
	if err == nil {
		p.enforced("memory and processes", "control group of the run")
		return group, nil
	}
	if l.Memory > 0 {
		p.enforced("memory", fmt.Sprintf("address space of each process (%v)", err))
	}
	if l.Processes > 0 {
		by := "RLIMIT_NPROC"
		if p.root {
			by = "nothing: root is not bound by RLIMIT_NPROC"
			if err := p.cannot("a limit of processes", errors.New("no control group is delegated, and root is not bound by RLIMIT_NPROC")); err != nil {
				return nil, err
			}
		}
		p.enforced("processes", fmt.Sprintf("%s (%v)", by, err))
	}
	return nil, nil
}

func (p *plan) enforced(part, by string) {
	p.enforcement = append(p.enforcement, Enforcement{part, by})
}

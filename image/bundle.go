package image

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/catbox-go/catbox/image/internal/blob"
)

// openBundle takes a runtime bundle (runtime-spec 1.3.0, bundle.md, config.md).
func (img *Image) openBundle() error {
	src, err := blob.Dir(img.Path)
	if err != nil {
		return err
	}
	defer src.Close()
	s, err := readJSON[specs.Spec](src, "config.json")
	if err != nil {
		return err
	}
	img.Format = Bundle
	if err := img.bundleRoot(s); err != nil {
		return fmt.Errorf("config.json: %w", err)
	}
	img.bundleMounts(s)
	if err := img.bundleProcess(s.Process); err != nil {
		return fmt.Errorf("config.json: %w", err)
	}
	img.bundleLimits(s.Linux)
	img.warnUnused(s)
	return nil
}

func (img *Image) bundleRoot(s *specs.Spec) error {
	if s.Version == "" {
		return errors.New(`ociVersion is missing: a version of the runtime specification, as in "1.0.2"`)
	}
	if s.Root == nil || s.Root.Path == "" {
		return errors.New("root.path is missing: the directory with the root filesystem")
	}
	img.Dir = s.Root.Path
	if !filepath.IsAbs(img.Dir) {
		img.Dir = filepath.Join(img.Path, img.Dir)
	}
	fi, err := os.Stat(img.Dir)
	if err != nil {
		return fmt.Errorf("root.path is %q: %w", s.Root.Path, bare(err))
	}
	if !fi.IsDir() {
		return fmt.Errorf("root.path is %q: it has to be a directory", s.Root.Path)
	}
	img.Command.ReadOnlyRoot = s.Root.Readonly
	img.Command.Hostname = s.Hostname
	return nil
}

func (img *Image) bundleMounts(s *specs.Spec) {
	for _, m := range s.Mounts {
		img.Command.Mounts = append(img.Command.Mounts, Mount{m.Source, m.Destination, m.Type, m.Options})
	}
}

func (img *Image) bundleProcess(p *specs.Process) error {
	if p == nil {
		img.warn("config.json has no process: there is no command in it")
		return nil
	}
	if !path.IsAbs(p.Cwd) {
		return fmt.Errorf("process.cwd is %q: the path has to begin with /", p.Cwd)
	}
	c := &img.Command
	c.Cmd, c.Dir = p.Args, p.Cwd
	if err := c.setEnv(p.Env); err != nil {
		return err
	}
	c.User, c.Group = fmt.Sprint(p.User.UID), fmt.Sprint(p.User.GID)
	for _, gid := range p.User.AdditionalGids {
		c.SupplementaryGIDs = append(c.SupplementaryGIDs, int(gid))
	}
	if p.NoNewPrivileges {
		c.Isolators = append(c.Isolators, Isolator{Name: NoNewPrivileges, Enforceable: true, NoNewPrivs: true})
	}
	if p.Capabilities != nil {
		c.Isolators = append(c.Isolators, Isolator{Name: CapabilitiesRetain, Enforceable: true, Capabilities: p.Capabilities.Bounding})
	}
	if p.OOMScoreAdj != nil {
		c.Isolators = append(c.Isolators, Isolator{Name: OOMScoreAdj, Enforceable: true, OOMScoreAdj: *p.OOMScoreAdj})
	}
	return nil
}

func (img *Image) bundleLimits(l *specs.Linux) {
	if l == nil || l.Resources == nil {
		return
	}
	if m := l.Resources.Memory; m != nil && m.Limit != nil && *m.Limit > 0 {
		img.Command.Isolators = append(img.Command.Isolators, Isolator{Name: ResourceMemory, Enforceable: true, MemoryBytes: *m.Limit})
	}
	// A period of 100 ms is the kernel's default (cgroup-v2.rst, cpu.max).
	cpu, period := l.Resources.CPU, uint64(100_000)
	if cpu == nil || cpu.Quota == nil || *cpu.Quota <= 0 {
		return
	}
	if cpu.Period != nil && *cpu.Period > 0 {
		period = *cpu.Period
	}
	milli := int64(float64(*cpu.Quota) / float64(period) * 1000)
	img.Command.Isolators = append(img.Command.Isolators, Isolator{Name: ResourceCPU, Enforceable: true, MilliCPU: milli})
}

// warnUnused lists what a bundle may ask for and this package does not hand on.
func (img *Image) warnUnused(s *specs.Spec) {
	p, l := s.Process, s.Linux
	if p == nil {
		p = &specs.Process{}
	}
	if l == nil {
		l = &specs.Linux{}
	}
	caps := p.Capabilities != nil && len(p.Capabilities.Ambient) > 0
	for _, unused := range []struct {
		is   bool
		what string
	}{
		{s.Hooks != nil, "hooks: they run programs of the host, outside"},
		{s.Domainname != "", "domainname"},
		{p.Terminal, "process.terminal: the caller's terminal is used"},
		{len(p.Rlimits) > 0, "process.rlimits"},
		{caps, "process.capabilities.ambient"},
		{p.ApparmorProfile != "", "process.apparmorProfile"},
		{p.SelinuxLabel != "", "process.selinuxLabel"},
		{p.User.Umask != nil, "process.user.umask"},
		{p.Scheduler != nil, "process.scheduler"},
		{p.IOPriority != nil, "process.ioPriority"},
		{len(l.UIDMappings)+len(l.GIDMappings) > 0, "linux.uidMappings, linux.gidMappings"},
		{len(l.Namespaces) > 0, "linux.namespaces: the caller says what is isolated"},
		{len(l.Devices) > 0, "linux.devices"},
		{len(l.Sysctl) > 0, "linux.sysctl"},
		{l.Seccomp != nil, "linux.seccomp: its rules on arguments are more than a list of calls"},
		{len(l.MaskedPaths)+len(l.ReadonlyPaths) > 0, "linux.maskedPaths, linux.readonlyPaths"},
		{l.CgroupsPath != "", "linux.cgroupsPath"},
		{l.Resources != nil, "linux.resources other than memory.limit and cpu.quota"},
		{s.Solaris != nil || s.Windows != nil || s.VM != nil || s.ZOS != nil || s.FreeBSD != nil, "what is for other systems than Linux"},
	} {
		if unused.is {
			img.warn("config.json: not used: %s", unused.what)
		}
	}
}

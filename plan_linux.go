package catbox

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/internal/stage"
	"github.com/catbox-go/catbox/internal/supervisor"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/policy"
)

// plan is how a command's policy is put into walls.
type plan struct {
	cmd    *Cmd
	tier   int           // 1: namespaces; 2: none can be had
	tree   tree          // the files that the run sees, before it changes them
	asked  policy.Policy // the command's, and what its mounts add
	path   string        // of the program
	mounts []namespace.Mount
	files  []namespace.File // of the run's own, in place of the tree's

	cache string        // that is denied, "" if none is
	open  policy.Policy // the policy without that

	overlay *namespace.Overlay // nil without an overlay
	held    *held              // likewise
	through []string           // with one: what is written where it is
	policy  policy.Policy      // resolved: rules on canonical paths
	dir     string             // the working directory, canonical
	log     bool               // nothing is refused, everything is reported
	root    bool               // the caller is root
	abi     int                // of Landlock; 0: the kernel has none

	walls    walls
	private  []string // directories that the run has for itself
	visible  []string // what stays there below them
	devices  []string // what may be opened for writing beside it
	own      []string // what belongs to the run and may be written in any case
	readable []string // nil: everything
	links    []namespace.Link
	terminal string               // that the command is started on, "" if on none
	tmp      string               // tier 2: a directory for temporary files
	fake     *supervisor.FakeRoot // nil without a fake root
	give     []stage.Owned        // files that have their owners on disk for the time of the run
	idTools  [2]string            // newuidmap(1) and newgidmap(1), for the fake root that has a range of ids

	enforcement []Enforcement
	degraded    []string
}

// walls are the places of the policy as far as mounts and Landlock can hold them.
type walls struct {
	writable []string // existing directories, and devices
	any      bool     // everything is writable as far as the walls go
	readOnly []string // existing places below writable ones that are denied
	hidden   []string // existing places that are not to be seen
	covered  bool     // some of them are in writable places, where their names stay
	exact    bool     // the walls hold what the policy says, to the path
}

func newPlan(c *Cmd) (*plan, error) {
	if err := c.Policy.Err(); err != nil {
		return nil, err
	}
	p := &plan{cmd: c, tier: 1, root: os.Geteuid() == 0, log: c.Policy.Action() == policy.Log}
	p.abi, _ = sys.LandlockABI()
	if err := p.findTree(); err != nil {
		return nil, err
	}
	if err := p.findFakeMode(); err != nil {
		return nil, err
	}
	if err := p.resolve(); err != nil {
		return nil, err
	}
	if err := p.findWalls(); err != nil {
		return nil, err
	}
	if err := p.checkOwnIDs(); err != nil {
		return nil, err
	}
	if p.abi == 0 && p.policy.Restricts(policy.Exec) && !p.policy.Allows(policy.Exec, "/") && !p.log {
		if err := p.cannot("which programs may be executed", errors.New("the kernel has no Landlock")); err != nil {
			return nil, err
		}
	}
	if err := p.findView(); err != nil {
		return nil, err
	}
	if c.Wrapper != nil {
		return p, p.wrap()
	}
	if c.NoNamespaces {
		return p, p.stepDown(errors.New("the caller wants no namespaces"))
	}
	if f := c.FakeRoot; f != nil && f.Mode == FakeNone {
		return p, p.stepDown(errors.New("the fake root's mode is none"))
	}
	return p, p.findOverlay()
}

func (p *plan) resolve() (err error) {
	if p.policy, err = p.asked.Resolve(p.tree.canonical); err != nil {
		return err
	}
	p.denyCache()
	if err := p.findThrough(); err != nil {
		return err
	}
	return p.findDir()
}

// findDir finds the working directory.
func (p *plan) findDir() (err error) {
	dir := p.cmd.Dir
	if dir == "" && p.cmd.Root != "" {
		dir = "/"
	}
	if p.cmd.Root == "" {
		dir, err = filepath.Abs(dir)
	}
	if err == nil {
		p.dir, err = p.tree.canonical(path.Join("/", dir))
	}
	if err == nil && !p.tree.isDir(p.dir) {
		err = &os.PathError{Op: "chdir", Path: p.dir, Err: unix.ENOTDIR}
		if _, missing := p.tree.lstat(p.dir); missing != nil {
			err = missing
		}
	}
	if err != nil {
		return &SetupError{Step: "find the working directory", Err: err}
	}
	return nil
}

// findWalls finds for each rule about writing the wall that holds it.
func (p *plan) findWalls() error {
	// Mounts let a file be opened again for writing that was given open for
	// reading (standard input): without Landlock nothing holds that exactly.
	p.walls = walls{exact: p.abi > 0, any: p.log}
	for _, r := range p.policy.Rules() {
		if r.Effect == policy.EffectAllow && r.Access&policy.Write != 0 {
			p.allowWall(r.Pattern)
		}
	}
	p.walls.writable = paths.Topmost(p.walls.writable)
	p.walls.any = p.walls.any || slices.Contains(p.walls.writable, "/")
	for _, r := range p.policy.Rules() {
		if r.Effect == policy.EffectAllow {
			continue
		}
		if r.Access&policy.Write != 0 && r.Effect == policy.EffectDeny && r.Access&policy.Read == 0 {
			p.denyWall(r.Pattern)
		}
		if r.Effect == policy.EffectHide || r.Access&policy.Read != 0 {
			if err := p.hideWall(r.Pattern); err != nil {
				return err
			}
		}
	}
	return nil
}

// allowWall opens the walls as little as the pattern needs. A directory that
// exists can be opened exactly. For anything else the directory around it has
// to be open, and the supervisor holds the rest: a name can be removed and made
// again, which a mount on it would not let happen.
func (p *plan) allowWall(pattern policy.Pattern) {
	path := pattern.Literal()
	st, err := p.tree.lstat(path)
	device := err == nil && st.Mode()&os.ModeDevice != 0
	mounted := slices.ContainsFunc(p.mounts, func(m namespace.Mount) bool { return m.Target == path })
	if !pattern.IsRegexp() && err == nil && (st.IsDir() || device || mounted) {
		p.walls.writable = append(p.walls.writable, path)
		return
	}
	p.walls.exact = false
	p.walls.writable = append(p.walls.writable, p.tree.existingDir(path))
}

func (p *plan) denyWall(pattern policy.Pattern) {
	if p.log || !p.walls.opens(pattern) {
		return
	}
	if _, err := p.tree.lstat(pattern.Literal()); err != nil || pattern.IsRegexp() {
		p.walls.exact = false
		return
	}
	p.walls.readOnly = append(p.walls.readOnly, pattern.Literal())
}

// opens tells whether what the pattern is about lies, or could lie, in a place
// that can be written.
func (w *walls) opens(pattern policy.Pattern) bool {
	literal := pattern.Literal()
	if w.any || pattern.IsRegexp() && slices.ContainsFunc(w.writable, func(dir string) bool { return paths.Under(dir, literal) }) {
		return true
	}
	return paths.UnderAny(literal, w.writable)
}

func (p *plan) hideWall(pattern policy.Pattern) error {
	if pattern.IsRegexp() {
		return p.cannot("hiding "+pattern.String(), errors.New("only a path can be hidden, not what an expression matches"))
	}
	path := pattern.Literal()
	writable := p.walls.opens(pattern)
	if _, err := p.tree.lstat(path); err != nil {
		p.walls.exact = p.walls.exact && !writable
		return nil
	}
	if path == "/" {
		return p.cannot("hiding /", errors.New("there would be nothing left"))
	}
	p.walls.hidden = append(p.walls.hidden, path)
	p.walls.covered = p.walls.covered || writable
	return nil
}

// cannot gives a part of the policy up, or says that it cannot be enforced.
func (p *plan) cannot(part string, why error) error {
	if !p.cmd.Degrade {
		return &UnsupportedError{Part: part, Err: why}
	}
	p.degraded = append(p.degraded, fmt.Sprintf("%s: %v", part, why))
	return nil
}

// families are the socket families that need not be asked about.
func (p *plan) families() []int {
	families := []int{unix.AF_NETLINK}
	if p.policy.Network() != policy.NetworkNone {
		families = append(families, unix.AF_INET, unix.AF_INET6)
	}
	return families
}

// filter says what the filter sends to the supervisor.
func (p *plan) filter() seccomp.Options {
	restricts := p.policy.Restricts(policy.Read)
	o := seccomp.Options{
		Listener: true,
		Writes:   p.policy.Restricts(policy.Write) || p.cmd.ownRoot() && p.isGivenOutside() || p.takesOver(),
		Reads:    restricts && (p.readable != nil || p.walls.covered) || restricts && p.log,
		Exec:     p.policy.Restricts(policy.Exec),
		Stats:    p.walls.covered,
		Connect:  p.watchesConnect(),
		Families: p.families(),
		Process:  p.tier > 1,
		Fake:     p.cmd.FakeRoot != nil,
		OwnIDs:   p.ownIDs(),
		SysV:     p.tier > 1 && !p.log,
	}
	p.recordFilter(&o)
	for name := range p.cmd.Handlers {
		o.Calls = append(o.Calls, name)
	}
	if p.netNamespace() && len(p.policy.Destinations()) > 0 {
		o.Calls = append(o.Calls, "listen")
	}
	return o
}

// watchesConnect is false only if everything may be connected to.
func (p *plan) watchesConnect() bool {
	return p.policy.Restricts(policy.Write) || p.policy.Network() != policy.NetworkHost || len(p.policy.Destinations()) > 0
}

// netNamespace tells whether the run gets a network of its own.
func (p *plan) netNamespace() bool {
	return p.tier == 1 && !p.log && p.policy.Network() != policy.NetworkHost
}

// hasMounts tells whether the host is read-only in the run by mounts.
func (p *plan) hasMounts() bool { return p.tier == 1 && !p.log }

// ownDevices tells whether the run has a /dev of its own.
func (p *plan) ownDevices() bool {
	return p.cmd.ownRoot() || !p.log && !p.policy.Allows(policy.Write, "/dev")
}

// rootDir is the root filesystem; "" is the host's.
func (p *plan) rootDir() string {
	if p.tree.root == "/" {
		return ""
	}
	return p.tree.root
}

// view is the mount plan of tier 1.
func (p *plan) view() *namespace.Plan {
	if p.tier > 1 {
		return nil
	}
	return &namespace.Plan{
		RootDir: p.rootDir(), Mounts: p.mounts, Files: p.files, Overlay: p.overlay,
		Writable: p.onDisk(), AnyWrite: p.walls.any, ReadOnly: p.walls.readOnly, Hidden: p.walls.hidden,
		Readable: p.readable, Links: p.links, Private: p.private, Visible: p.visible,
		Dir: p.dir, Proc: true, Dev: p.ownDevices(), Loopback: p.netNamespace(), Root: p.root,
		Terminal: p.terminal,
	}
}

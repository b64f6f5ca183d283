package fuseoverlay

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// Layers are what is mounted, and where. All are directories.
type Layers struct {
	Lower       []string // topmost first
	Upper, Work string
	At          string // the mount point
}

// Server is a fuse-overlayfs(1) that has something mounted.
type Server struct {
	at      string
	process *os.Process
	ended   chan struct{}
	err     error // how it ended
	stderr  bytes.Buffer
}

// startTime is how long the server may take to mount.
const startTime = 10 * time.Second

// Available is nil if all that a server needs is there; else the error says what
// is missing.
func Available() error {
	_, _, err := programs()
	if err != nil {
		return err
	}
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// programs finds the server, and what mounts for it and unmounts.
func programs() (server, mounter string, err error) {
	if server, err = exec.LookPath("fuse-overlayfs"); err != nil {
		return "", "", fmt.Errorf("fuse-overlayfs: %w", missing(err))
	}
	if mounter, err = exec.LookPath("fusermount3"); err != nil {
		return "", "", fmt.Errorf("fusermount3: %w", missing(err))
	}
	return server, mounter, nil
}

func missing(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return unix.ENOENT
	}
	return err
}

// Start mounts the layers and returns when they are there.
func Start(l Layers) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if isDead(l.At) {
		if err := unmount(l.At); err != nil {
			return nil, err
		}
	}
	var before unix.Stat_t
	if err := unix.Stat(l.At, &before); err != nil {
		return nil, &os.PathError{Op: "mount fuse-overlayfs on", Path: l.At, Err: err}
	}
	s := &Server{at: l.At, ended: make(chan struct{})}
	started := make(chan error)
	go s.run(l, started)
	if err := <-started; err != nil {
		return nil, err
	}
	if err := s.wait(before.Dev); err != nil {
		_ = s.process.Kill()
		<-s.ended
		return nil, err
	}
	return s, nil
}

// isDead tells that a server was killed that had something mounted. Names may still
// be known, so that it takes a descriptor to ask.
func isDead(at string) bool {
	fd, err := unix.Open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return errors.Is(err, unix.ENOTCONN)
}

// run starts the server and waits for its end, on one thread: with it the server
// would get its signal.
func (s *Server) run(l Layers, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ended)
	cmd, opened, err := s.command(l)
	if err == nil {
		err = cmd.Start()
	}
	for _, f := range opened {
		f.Close()
	}
	if err == nil {
		s.process = cmd.Process
	}
	started <- err
	if err == nil {
		s.err = cmd.Wait()
	}
}

// command is the server's. The layers are named by descriptor: no path needs escaping.
func (s *Server) command(l Layers) (cmd *exec.Cmd, opened []*os.File, err error) {
	name := func(dir string) string {
		fd, openErr := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if openErr != nil {
			err = &os.PathError{Op: "open", Path: dir, Err: openErr}
			return ""
		}
		opened = append(opened, os.NewFile(uintptr(fd), dir))
		return sys.FDPath(2 + len(opened))
	}
	var lower []string
	for _, dir := range l.Lower {
		lower = append(lower, name(dir))
	}
	options := []string{"lowerdir=" + strings.Join(lower, ":"), "upperdir=" + name(l.Upper), "workdir=" + name(l.Work), "volatile"}
	server, _, missing := programs()
	// Without -f it would be no child any more.
	cmd = exec.Command(server, "-f", "-o", strings.Join(append(options, whose()...), ","), l.At)
	cmd.ExtraFiles, cmd.Stderr = opened, &s.stderr
	// An interrupt from the terminal is the command's: what that does then is still served.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	return cmd, opened, errors.Join(err, missing)
}

// whose has all files be an ordinary user's own, who could not change others' in a
// user namespace. Root's run may have processes of other users.
func whose() []string {
	if os.Geteuid() == 0 {
		return []string{"allow_other"}
	}
	return []string{"squash_to_uid=" + strconv.Itoa(os.Geteuid()), "squash_to_gid=" + strconv.Itoa(os.Getegid())}
}

// wait waits until there is another file system at the mount point.
func (s *Server) wait(before uint64) error {
	for end := time.Now().Add(startTime); time.Now().Before(end); {
		var st unix.Stat_t
		if err := unix.Stat(s.at, &st); err == nil && st.Dev != before {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("fuse-overlayfs: %s", s.said())
		case <-time.After(time.Millisecond):
		}
	}
	return fmt.Errorf("fuse-overlayfs: nothing is mounted on %s after %v", s.at, startTime)
}

// said is what an ended server wrote, on one line, or how it ended.
func (s *Server) said() string {
	if said := strings.TrimSpace(s.stderr.String()); said != "" {
		return strings.ReplaceAll(said, "\n", "; ")
	}
	return fmt.Sprintf("it ended: %v", s.err)
}

// Close has all written in the upper layer, and unmounts. Nothing may use the mount any
// more. It may be called on nil.
//
// The server is not waited for: other mount namespaces have the mount too if they were
// made meanwhile, so that it would go on; and where a layer is of FUSE itself, it frees its
// memory for ever (version 1.10).
func (s *Server) Close() error {
	if s == nil {
		return nil
	}
	select {
	case <-s.ended: // what was not written is lost, and some call has said so
		return unmount(s.at)
	default:
	}
	err := errors.Join(s.sync(), unmount(s.at))
	if killed := s.process.Kill(); !errors.Is(killed, os.ErrProcessDone) {
		err = errors.Join(err, killed)
	}
	<-s.ended
	return err
}

// sync writes back what the kernel has cached: when that is done, the server has done all.
func (s *Server) sync() error {
	dir, err := os.Open(s.at)
	if err != nil {
		return err
	}
	defer dir.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(dir.Fd())))
}

// unmount takes the mount away from its place. A process of the host that is in it
// keeps it from ending, but not from that.
func unmount(at string) error {
	_, mounter, err := programs()
	if err != nil {
		return err
	}
	if out, err := exec.Command(mounter, "-u", "-z", "--", at).CombinedOutput(); err != nil {
		return fmt.Errorf("unmount %s: %w: %s", at, err, strings.TrimSpace(string(out)))
	}
	return nil
}

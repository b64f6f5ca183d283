package stage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/idmap"
)

// mapIDs gives the init's user namespace its ids (user_namespaces(7)).
func (r *Run) mapIDs(cfg Config) error {
	if cfg.Cloneflags&unix.CLONE_NEWUSER == 0 {
		return nil
	}
	if cfg.IDTools[0] != "" {
		return errors.Join(r.runIDTool(cfg.IDTools[0], cfg.UIDMap), r.runIDTool(cfg.IDTools[1], cfg.GIDMap))
	}
	dir := fmt.Sprintf("/proc/%d/", r.PID())
	if !cfg.Setgroups {
		if err := os.WriteFile(dir+"setgroups", []byte("deny"), 0); err != nil {
			return err
		}
	}
	if err := os.WriteFile(dir+"gid_map", []byte(cfg.GIDMap.String()), 0); err != nil {
		return err
	}
	return os.WriteFile(dir+"uid_map", []byte(cfg.UIDMap.String()), 0)
}

// runIDTool has newuidmap(1) or newgidmap(1) write a map.
func (r *Run) runIDTool(program string, ids idmap.Map) error {
	args := append([]string{strconv.Itoa(r.PID())}, strings.Fields(ids.String())...)
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// mapError tells an error of the mapping from that of a program that has ended,
// which shows in many ways.
func (r *Run) mapError(err error) error {
	select {
	case <-r.init.Waited:
		return fmt.Errorf("%w: it ended", ErrNoInit)
	case <-time.After(100 * time.Millisecond):
		return fmt.Errorf("map ids: %w", err)
	}
}

package executor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/catbox-go/catbox/internal/paths"
)

// step is a mount that a program is to make for the command.
type step struct {
	kind     string // "bind", "remount", or the type of a file system
	source   string // on the host, for bind
	target   string // inside the root
	readOnly bool
	mount    Mount // what it is made for; the zero Mount for a writable path
}

// view finds the steps by which the command sees the extra mounts, and may
// write where Spec.Writable says. A read-only root is below them and not among
// them: a writable path is a bind of the same place on top of it.
type view struct {
	spec    *Spec
	steps   []step
	pending []string // writable paths for which there is no step yet
}

func (s *Spec) view() ([]step, error) {
	v := &view{spec: s}
	if !s.Writable.All() {
		v.pending = paths.Topmost(slices.Clone(s.Writable.paths))
	}
	for _, m := range s.ExtraMounts {
		// What is mounted below a writable path has to come after it.
		above := func(path string) bool { return path != targetOf(m) && paths.Under(targetOf(m), path) }
		if err := v.open(above); err != nil {
			return nil, err
		}
		if err := v.mount(m); err != nil {
			return nil, err
		}
	}
	return v.steps, v.open(func(string) bool { return true })
}

// mount adds the step of an extra mount.
func (v *view) mount(m Mount) error {
	target := targetOf(m)
	st := step{kind: m.Type, target: target, mount: m, readOnly: m.Has("ro") || v.closed(target)}
	switch {
	case m.Has("remount"):
		st.kind = "remount"
		v.steps = append(v.steps, st)
		return nil
	case isBind(m):
		st.kind = "bind"
		var err error
		if st.source, err = bindSource(m); err != nil {
			return err
		}
	}
	err := v.makeTarget(&st)
	v.pending = slices.DeleteFunc(v.pending, func(path string) bool { return path == target })
	v.steps = append(v.steps, st)
	return err
}

// closed tells whether what is mounted at target is read-only.
func (v *view) closed(target string) bool {
	w := v.spec.Writable
	return !w.All() && !paths.UnderAny(target, w.paths)
}

// bindSource is the source of a bind on the host, absolute.
func bindSource(m Mount) (string, error) {
	source, err := filepath.Abs(m.Source)
	if err == nil {
		source, err = filepath.EvalSymlinks(source)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = &SpecError{"ExtraMounts", m.String(), "a source that exists"}
	}
	return source, err
}

// open adds steps for the pending writable paths that are wanted.
func (v *view) open(wanted func(string) bool) error {
	var rest []string
	for _, path := range v.pending {
		if !wanted(path) {
			rest = append(rest, path)
			continue
		}
		if err := v.openPath(path); err != nil {
			return err
		}
	}
	v.pending = rest
	return nil
}

func (v *view) openPath(path string) error {
	in, host, err := v.locate(path)
	if err != nil {
		return err
	}
	if in != nil && in.kind == "tmpfs" {
		v.steps = append(v.steps, step{kind: "tmpfs", target: path, mount: Mount{Options: in.mount.Options}})
		return nil
	}
	if in != nil && in.kind != "bind" {
		return &SpecError{"Writable", path, "a path that is not in the " + in.kind + " at " + in.target}
	}
	if _, err := os.Lstat(host); err != nil {
		return &SpecError{"Writable", path, "a path that exists in the root"}
	}
	st := step{kind: "bind", source: host, target: path}
	if in == nil {
		st.target = v.spec.fromHost(host)
	}
	v.steps = append(v.steps, st)
	return nil
}

// locate finds the mount that a path is in, nil if it is in the root itself, and
// where the host has it, if it does.
func (v *view) locate(path string) (in *step, host string, err error) {
	for i := range slices.Backward(v.steps) {
		st := &v.steps[i]
		if st.kind == "remount" || !paths.Under(path, st.target) {
			continue
		}
		if st.kind == "bind" {
			host, err = securejoin.SecureJoin(st.source, strings.TrimPrefix(path, st.target))
		}
		return st, host, err
	}
	host, err = v.spec.onHost(path)
	return nil, host, err
}

// makeTarget makes what the step is mounted on, if it is missing: a directory,
// or a file for a file. In a file system that is only to be mounted yet, that is
// left to who mounts it.
func (v *view) makeTarget(st *step) error {
	in, host, err := v.locate(st.target)
	if err != nil || host == "" {
		return err
	}
	if in == nil {
		st.target = v.spec.fromHost(host)
	}
	return makeTarget(host, st.source)
}

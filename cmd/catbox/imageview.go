package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/internal/paths"
)

// imageView is what the command of an image sees. The root filesystem is shared by
// all who use the image, so nothing is ever written in it: not even the place of a
// mount is made there.
type imageView struct {
	root    string // of the host
	cache   image.Cache
	scratch *image.Scratch // nil: nothing is written so far
	used    int            // places in scratch
	volumes []string       // of an OCI image, for which no directory is given
	mounts  []catbox.Mount
	shown   []string // mounts that show files of the image
}

func (v *imageView) mount(m catbox.Mount) { v.mounts = append(v.mounts, m) }

// close removes what was written.
func (v *imageView) close() error {
	if v.scratch == nil {
		return nil
	}
	return v.scratch.Close()
}

// place makes a new directory in the scratch directory.
func (v *imageView) place() (string, error) {
	if v.scratch == nil {
		var err error
		if v.scratch, err = v.cache.Scratch(); err != nil {
			return "", err
		}
	}
	v.used++
	dir := filepath.Join(v.scratch.Dir, strconv.Itoa(v.used))
	return dir, os.Mkdir(dir, 0o755)
}

// bindVolume has a directory of the host at a mount point.
func (v *imageView) bindVolume(p image.MountPoint, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	m := catbox.Mount{Source: dir, Target: filepath.Clean(p.Path), Type: "bind"}
	if p.ReadOnly {
		m.Options = []string{"ro"}
	}
	v.mount(m)
	return nil
}

// covered tells whether a --bind is at the path.
func (v *imageView) covered(binds []string, path string) bool {
	return slices.ContainsFunc(binds, func(text string) bool {
		m, err := parseBind(text)
		return err == nil && filepath.Clean(m.Target) == filepath.Clean(path)
	})
}

// empty has an empty directory in memory at the path, if one is asked for.
func (v *imageView) empty(asked bool, path string) {
	if asked {
		v.mount(catbox.Mount{Source: "tmpfs", Target: filepath.Clean(path), Type: "tmpfs"})
	}
}

// apply puts the view into the options of the run.
func (v *imageView) apply(r *runOptions) error {
	writes, err := writtenPaths(r.Write)
	if err != nil {
		return err
	}
	if r.Overlay != "" {
		if writes, err = withOverlay(writes); err != nil {
			return err
		}
	}
	r.Write = nil
	if r.Overlay == "" {
		writes = append(writes, v.volumes...)
	}
	writes = paths.Topmost(writes)
	everything := slices.Contains(writes, "/")
	if !everything {
		for _, path := range writes {
			if err := v.write(path); err != nil {
				return err
			}
		}
	}
	missing, err := v.missing(r)
	switch {
	case err != nil || r.Overlay != "":
		return err
	case everything || missing || r.OnViolation == "log":
		dir, err := v.place()
		if err != nil {
			return err
		}
		r.Overlay = filepath.Join(dir, "overlay")
		if !everything {
			r.NoWrite = append(r.NoWrite, "/")
		}
	}
	return nil
}

// withOverlay is what -w leaves to do beside an overlay, in which everything may be
// written: nothing for -w /, which asks for that. For less there is no wall, as the
// overlay is one mount.
func withOverlay(writes []string) ([]string, error) {
	for _, path := range writes {
		if path != "/" {
			return nil, usage("-w %s: with --overlay everything may be written, and is kept: leave -w out; --no-write PATH takes a place out, --tmpfs %s has what is written there thrown away, and --bind DIR:%s without --overlay keeps only that", path, path, path)
		}
	}
	return nil, nil
}

// writtenPaths are the paths of -w.
func writtenPaths(given []string) ([]string, error) {
	var all []string
	for _, path := range given {
		switch {
		case path == nothing && len(given) == 1:
			return nil, nil
		case path == "" || path == nothing || strings.HasPrefix(path, "~"):
			return nil, usage("-w %q: want a path in the image", path)
		}
		all = append(all, filepath.Join("/", path))
	}
	return all, nil
}

// missing adds the mounts to the options, and tells whether the root filesystem
// lacks the place of one: it is made in an overlay then.
func (v *imageView) missing(r *runOptions) (bool, error) {
	dir := filepath.Join("/", r.dir)
	if !v.isThere(dir) && !v.mounted(dir) {
		empty, err := v.place() // as other tools make the working directory that an image names
		if err != nil {
			return false, err
		}
		v.mount(catbox.Mount{Source: empty, Target: dir, Type: "bind", Options: []string{"ro"}})
	}
	for _, m := range v.mounts {
		r.Mount = append(r.Mount, m.String())
	}
	all, err := r.mounts()
	return slices.ContainsFunc(all, func(m catbox.Mount) bool { return !v.hasPlace(m.Target, all) }), err
}

// mounted tells whether the path is in a mount.
func (v *imageView) mounted(path string) bool {
	return slices.ContainsFunc(v.mounts, func(m catbox.Mount) bool { return paths.Under(path, m.Target) })
}

// hasPlace tells whether the place of a mount need not be made in the root
// filesystem: it is there, or in another mount, or in the run's own /tmp.
func (v *imageView) hasPlace(target string, all []catbox.Mount) bool {
	target = filepath.Clean(target)
	return v.isThere(target) || paths.Under(target, "/tmp") && v.isThere("/tmp") ||
		slices.ContainsFunc(all, func(m catbox.Mount) bool { return target != filepath.Clean(m.Target) && paths.Under(target, m.Target) })
}

// isThere tells whether the root filesystem has the path.
func (v *imageView) isThere(path string) bool {
	host, err := v.host(path)
	if err == nil {
		_, err = os.Lstat(host)
	}
	return err == nil
}

// host is where the host has a path of the image. No link leads out.
func (v *imageView) host(path string) (string, error) { return securejoin.SecureJoin(v.root, path) }

// write makes a path writable, until the end.
func (v *imageView) write(path string) error {
	host, err := v.host(path)
	if err != nil {
		return err
	}
	target := filepath.Join("/", strings.TrimPrefix(host, v.root))
	st, err := os.Stat(host)
	switch {
	case os.IsNotExist(err):
		return v.writeNew(target)
	case err != nil:
		return err
	case st.IsDir():
		return v.writeDir(host, target)
	case !st.Mode().IsRegular():
		return usage("-w %s: want a directory or a file of the image", path)
	}
	return v.writeFile(host, target, st)
}

func (v *imageView) writeNew(target string) error {
	dir, err := v.place()
	v.mount(catbox.Mount{Source: dir, Target: target, Type: "bind"})
	return err
}

// writeDir puts an overlay over a directory.
func (v *imageView) writeDir(host, target string) error {
	upper, err := v.place()
	if err != nil {
		return err
	}
	if st, err := os.Stat(host); err == nil {
		if err := os.Chmod(upper, st.Mode().Perm()|st.Mode()&os.ModeSticky); err != nil {
			return err
		}
	}
	work, err := v.place()
	if err != nil {
		return err
	}
	for _, dir := range []string{host, upper} {
		if strings.ContainsAny(dir, `,:\`) {
			return fmt.Errorf("%q: an overlay takes no path with a comma, a colon or a backslash: choose another cache by --cache", dir)
		}
	}
	v.shown = append(v.shown, target)
	v.mount(catbox.Mount{Source: "overlay", Target: target, Type: "overlay", Options: []string{"lowerdir=" + host, "upperdir=" + upper, "workdir=" + work}})
	return nil
}

// writeFile has a copy in the place of a file.
func (v *imageView) writeFile(host, target string, st os.FileInfo) error {
	dir, err := v.place()
	if err != nil {
		return err
	}
	from, err := os.Open(host)
	if err != nil {
		return err
	}
	defer from.Close()
	copied := filepath.Join(dir, filepath.Base(host))
	to, err := os.OpenFile(copied, os.O_CREATE|os.O_EXCL|os.O_WRONLY, st.Mode().Perm())
	if err != nil {
		return err
	}
	defer to.Close()
	v.mount(catbox.Mount{Source: copied, Target: target, Type: "bind"})
	_, err = io.Copy(to, from)
	return err
}

// visible are the notes on files that no mount hides.
func (v *imageView) visible(notes []image.Noted) []image.Noted {
	var over []string
	for _, m := range v.mounts {
		if !slices.Contains(v.shown, m.Target) {
			over = append(over, m.Target)
		}
	}
	return slices.DeleteFunc(slices.Clone(notes), func(n image.Noted) bool { return paths.UnderAny(filepath.Join("/", n.Path), over) })
}

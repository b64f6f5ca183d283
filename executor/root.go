package executor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/catbox-go/catbox"
)

// absolute makes Root and Dir what the command's process needs.
func (s Spec) absolute() (Spec, error) {
	if s.hostRoot() {
		s.Root = "/"
		var err error
		s.Dir, err = filepath.Abs(s.Dir) // "" gives the working directory
		return s, err
	}
	root, err := filepath.Abs(s.Root)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return s, err
	}
	if st, err := os.Stat(root); err != nil || !st.IsDir() {
		return s, &SpecError{"Root", s.Root, "a directory"}
	}
	s.Root, s.Dir = root, inside(s.Dir)
	return s, nil
}

// onHost is where the host has a path of the root, the end of which need not
// exist. Symbolic links are followed as the command would: none leads out. What
// mounts put there is not looked at.
func (s *Spec) onHost(path string) (string, error) { return securejoin.SecureJoin(s.Root, path) }

// fromHost is the inverse of onHost.
func (s *Spec) fromHost(path string) string { return inside(strings.TrimPrefix(path, s.Root)) }

// makeTarget makes a directory at path, or an empty file if source is a file.
func makeTarget(path, source string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if st, err := os.Stat(source); source == "" || err != nil || st.IsDir() {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// lookProgram returns the path, inside the root, of the program to execute.
// stat says what is at such a path.
func (s *Spec) lookProgram(stat func(string) (fs.FileInfo, error)) (string, error) {
	name := s.Command[0]
	if strings.Contains(name, "/") {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Dir, path)
		}
		return path, executable(name, path, stat)
	}
	var denied error
	for _, dir := range pathOf(s.Env) {
		path := filepath.Join(s.Dir, dir, name) // an empty entry is the working directory
		if filepath.IsAbs(dir) {
			path = filepath.Join(dir, name)
		}
		err := executable(name, path, stat)
		if err == nil {
			return path, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			denied = err // as execvp(3): another directory may have it
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", &catbox.ExecError{Path: name, Err: syscall.ENOENT}
}

func executable(name, path string, stat func(string) (fs.FileInfo, error)) error {
	st, err := stat(path)
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return &catbox.ExecError{Path: name, Err: errno}
	case err != nil:
		return err
	case st.IsDir() || st.Mode()&0o111 == 0:
		return &catbox.ExecError{Path: name, Err: syscall.EACCES}
	}
	return nil
}

// checkProgram looks for the program from outside, for executors that would
// only tell by a message of theirs that there is none. Where a bind mount may
// bring it, it is left to them.
func (s *Spec) checkProgram() error {
	for _, m := range s.ExtraMounts {
		if isBind(m) {
			return nil
		}
	}
	_, err := s.lookProgram(func(path string) (fs.FileInfo, error) {
		host, err := s.onHost(path)
		if err != nil {
			return nil, err
		}
		return os.Stat(host)
	})
	return err
}

// checkDir looks for the working directory from outside, as checkProgram does.
func (s *Spec) checkDir() error {
	for _, m := range s.ExtraMounts {
		if strings.HasPrefix(s.Dir+"/", targetOf(m)+"/") {
			return nil
		}
	}
	host, err := s.onHost(s.Dir)
	if err != nil {
		return err
	}
	if st, err := os.Stat(host); err != nil || !st.IsDir() {
		return &SpecError{"Dir", s.Dir, "a directory that is in the root"}
	}
	return nil
}

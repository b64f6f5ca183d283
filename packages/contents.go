package packages

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoContents says that no index of the files of packages that are not installed is on the machine.
var ErrNoContents = errors.New("no Contents index below /var/lib/apt/lists")

// aptHelper unpacks what apt has downloaded, however it is packed.
const aptHelper = "/usr/lib/apt/apt-helper"

// Contents looks for the paths in the indices that apt-file(1) has apt download, and
// returns the names of the packages that have them, installed or not.
func Contents(ctx context.Context, root string, paths []string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "var/lib/apt/lists/*Contents*"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, ErrNoContents
	}
	found := make(map[string][]string, len(paths))
	for _, path := range paths {
		found[strings.TrimPrefix(path, "/")] = nil
	}
	for _, file := range files {
		if err := searchContents(ctx, file, found); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return owned(found), nil
}

func owned(found map[string][]string) map[string][]string {
	owners := map[string][]string{}
	for path, names := range found {
		if names != nil {
			owners["/"+path] = names
		}
	}
	return owners
}

func searchContents(ctx context.Context, file string, found map[string][]string) error {
	r, err := unpack(ctx, file)
	if err != nil {
		return err
	}
	return errors.Join(search(r, found), r.Close())
}

// unpack opens what is plain or packed by gzip itself.
func unpack(ctx context.Context, file string) (io.ReadCloser, error) {
	switch ext := filepath.Ext(file); ext {
	case ".lz4", ".xz", ".bz2", ".zst", ".lzma":
		return runHelper(ctx, file)
	case ".gz":
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return struct {
			io.Reader
			io.Closer
		}{z, f}, nil
	}
	return os.Open(file)
}

// helper is the output of a program, which Close waits for.
type helper struct {
	io.Reader
	cmd *exec.Cmd
}

func (h helper) Close() error { return h.cmd.Wait() }

func runHelper(ctx context.Context, file string) (io.ReadCloser, error) {
	cmd := exec.CommandContext(ctx, aptHelper, "cat-file", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return helper{out, cmd}, cmd.Start()
}

// search reads lines "usr/include/zlib.h   libdevel/zlib1g-dev,other/package": the packages are
// what follows the last blank.
func search(r io.Reader, found map[string][]string) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := bytes.TrimRight(lines.Bytes(), " \t")
		i := bytes.LastIndexAny(line, " \t")
		if i < 0 {
			continue
		}
		path := bytes.TrimRight(line[:i], " \t")
		if names, wanted := found[string(path)]; wanted {
			found[string(path)] = append(names, packageNames(string(line[i+1:]))...)
		}
	}
	return lines.Err()
}

// packageNames drops the sections.
func packageNames(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		names = append(names, name[strings.LastIndexByte(name, '/')+1:])
	}
	return names
}

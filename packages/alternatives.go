package packages

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// alternative is what update-alternatives(1) knows of a link: the file of the
// highest priority.
type alternative struct {
	best     string
	priority int
}

// readAlternatives reads the files of the administrative directory, by link. On a
// running system the links themselves say which file is chosen; this is
// for a root directory without them.
func readAlternatives(dir string) (map[string]alternative, error) {
	found := map[string]alternative{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			addAlternatives(found, strings.Split(string(data), "\n"))
		}
		return err
	})
	if os.IsNotExist(err) {
		err = nil
	}
	return found, err
}

// addAlternatives reads the mode, the link, the names and links of its slaves, an empty
// line; then, for each choice, its file, its priority, and a line a slave, which may be empty.
func addAlternatives(found map[string]alternative, lines []string) {
	if len(lines) < 2 {
		return
	}
	links, rest := []string{lines[1]}, lines[2:]
	for len(rest) >= 2 && rest[0] != "" {
		links, rest = append(links, rest[1]), rest[2:]
	}
	for rest = rest[min(1, len(rest)):]; len(rest) > len(links) && rest[0] != ""; rest = rest[len(links)+1:] {
		priority, err := strconv.Atoi(rest[1])
		if err != nil {
			return
		}
		files := append([]string{rest[0]}, rest[2:len(links)+1]...)
		for i, file := range files {
			if known, ok := found[links[i]]; file != "" && (!ok || priority > known.priority) {
				found[links[i]] = alternative{file, priority}
			}
		}
	}
}

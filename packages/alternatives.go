package packages

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Alternative is a link that update-alternatives(1) keeps.
type Alternative struct {
	Link string
	// Name is the link below /etc/alternatives that Link leads to; "" if there is none.
	Name string
	// Files are those that the link can lead to.
	Files []string
}

// alternative is what is known of a link: the file of the highest priority, and all.
type alternative struct {
	best     string
	priority int
	files    []string
}

// Alternatives returns the links that dpkg's update-alternatives(1) keeps, in order.
func (db *DB) Alternatives() []Alternative {
	var all []Alternative
	for _, link := range slices.Sorted(maps.Keys(db.alternatives)) {
		name, _ := db.directories.link(link)
		if parent(name) != "/etc/alternatives" {
			name = ""
		}
		all = append(all, Alternative{link, name, db.alternatives[link].files})
	}
	return all
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
			if file != "" {
				found[links[i]] = found[links[i]].with(file, priority)
			}
		}
	}
}

// with returns it with one more file.
func (a alternative) with(file string, priority int) alternative {
	if len(a.files) == 0 || priority > a.priority {
		a.best, a.priority = file, priority
	}
	a.files = append(a.files, file)
	return a
}

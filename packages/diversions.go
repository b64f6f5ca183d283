package packages

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// Diversion is a file that a package has given another name, to put its own in its place
// (dpkg-divert(1)).
type Diversion struct {
	From, To string
	By       string // the name of the package; ":" is the administrator
}

// Diversions returns those that dpkg knows, in order.
func (db *DB) Diversions() []Diversion {
	var all []Diversion
	for _, from := range slices.Sorted(maps.Keys(db.diverted)) {
		all = append(all, Diversion{from, db.diverted[from].to, db.diverted[from].by})
	}
	return all
}

// diversions are by the path that is diverted.
type diversions map[string]diversion

type diversion struct {
	to string
	by string // the package; ":" is the administrator
}

// of returns where the file is that the package lists as path.
func (d diversions) of(path, name string) string {
	if diverted, ok := d[path]; ok && diverted.by != name {
		return diverted.to
	}
	return path
}

// readDiversions reads three lines each: from, to, the package that diverts.
func readDiversions(path string) (diversions, error) {
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	lines := strings.Split(string(data), "\n")
	d := diversions{}
	for i := 0; i+2 < len(lines); i += 3 {
		d[lines[i]] = diversion{lines[i+1], lines[i+2]}
	}
	return d, nil
}

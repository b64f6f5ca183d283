package packages

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/catbox-go/catbox/packages/deb822"
	"github.com/catbox-go/catbox/packages/relation"
)

// loadDpkg reads dpkg's database: status, the lists of files, diversions and
// alternatives (dpkg(1), "FILES").
func loadDpkg(root string) (*loaded, error) {
	admin := filepath.Join(root, "var/lib/dpkg")
	status, err := os.ReadFile(filepath.Join(admin, "status"))
	if err != nil {
		return nil, err
	}
	all, err := parseStatus(string(status))
	if err != nil {
		return nil, err
	}
	diverted, err := readDiversions(filepath.Join(admin, "diversions"))
	if err != nil {
		return nil, err
	}
	if err := readLists(filepath.Join(admin, "info"), all, diverted); err != nil {
		return nil, err
	}
	alternatives, err := readAlternatives(filepath.Join(admin, "alternatives"))
	return &loaded{arch: nativeArch(admin, all), packages: all, alternatives: alternatives, diverted: diverted}, err
}

// unpacked are the states (third word of Status) in which a package's files are there.
var unpacked = []string{"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"}

func parseStatus(text string) ([]*Package, error) {
	var all []*Package
	for fields := range deb822.Paragraphs(text) {
		p, err := debPackage(fields)
		if err != nil {
			return nil, err
		}
		if p != nil {
			all = append(all, p)
		}
	}
	return all, nil
}

// debPackage returns nil for one that is not installed.
func debPackage(fields deb822.Paragraph) (*Package, error) {
	p := &Package{}
	var state string
	relations := map[string]string{}
	for _, f := range fields {
		if place := p.field(f.Name); place != nil {
			*place = f.Value
		}
		switch f.Name {
		case "Status":
			state = f.Value[strings.LastIndexByte(f.Value, ' ')+1:]
		case "Essential":
			p.Essential = f.Value == "yes"
		case "Pre-Depends", "Depends", "Recommends", "Suggests", "Provides":
			relations[f.Name] = f.Value
		}
	}
	if p.Name == "" || !slices.Contains(unpacked, state) {
		return nil, nil
	}
	p.Source, _, _ = strings.Cut(p.Source, " ") // the version, where it is another
	if p.Source == "" {
		p.Source = p.Name
	}
	return p, p.addRelations(relations)
}

// field is where a field is kept that is only a word.
func (p *Package) field(name string) *string {
	switch name {
	case "Package":
		return &p.Name
	case "Architecture":
		return &p.Arch
	case "Version":
		return &p.Version
	case "Source":
		return &p.Source
	case "Section":
		return &p.Section
	case "Priority":
		return &p.Priority
	case "Multi-Arch":
		return &p.MultiArch
	}
	return nil
}

func (p *Package) addRelations(fields map[string]string) error {
	provides, err := relation.Parse(fields["Provides"])
	if err != nil {
		return err
	}
	p.Provides = slices.Concat(provides...)
	if p.Depends, err = relation.Parse(fields["Pre-Depends"] + "," + fields["Depends"]); err != nil {
		return err
	}
	p.Weak, err = relation.Parse(fields["Recommends"] + "," + fields["Suggests"])
	return err
}

// nativeArch is the first line of the file arch, which dpkg writes with the first
// foreign architecture; before that, whatever dpkg itself is of.
func nativeArch(admin string, all []*Package) string {
	if data, err := os.ReadFile(filepath.Join(admin, "arch")); err == nil {
		first, _, _ := strings.Cut(string(data), "\n")
		return strings.TrimSpace(first)
	}
	arch := ""
	for _, p := range all {
		if p.Arch != "all" && (arch == "" || p.Name == "dpkg") {
			arch = p.Arch
		}
	}
	return arch
}

// readLists reads the lists of the packages' files, some at a time: most of the time
// goes into opening them.
func readLists(info string, all []*Package, diverted diversions) error {
	next := make(chan *Package)
	errs := make(chan error, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for range cap(errs) {
		group.Go(func() {
			var first error
			for p := range next {
				if err := p.readList(info, diverted); first == nil {
					first = err
				}
			}
			errs <- first
		})
	}
	for _, p := range all {
		next <- p
	}
	close(next)
	group.Wait()
	for range cap(errs) {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func (p *Package) readList(info string, diverted diversions) error {
	list := p.Name + ".list"
	if p.MultiArch == "same" {
		list = p.Name + ":" + p.Arch + ".list"
	}
	data, err := os.ReadFile(filepath.Join(info, list))
	if os.IsNotExist(err) && p.MultiArch == "same" { // as before dpkg 1.16.2
		data, err = os.ReadFile(filepath.Join(info, p.Name+".list"))
	}
	if err != nil && !os.IsNotExist(err) { // a package without files may lack it
		return err
	}
	p.paths = parseList(string(data))
	for i, path := range p.paths {
		p.paths[i] = diverted.of(path, p.Name)
	}
	return nil
}

// parseList splits a list into its lines. The root directory is listed as "/.".
func parseList(text string) []string {
	paths := make([]string, 0, strings.Count(text, "\n"))
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "/.":
			paths = append(paths, "/")
		case strings.HasPrefix(line, "/"):
			paths = append(paths, line)
		}
	}
	return paths
}

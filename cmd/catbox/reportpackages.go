package main

import (
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/report/materials"
)

// noPackages is the --root of a report without packages.
const noPackages = "none"

// installed are the packages of a root directory, for a report.
type installed struct {
	db *packages.DB
	// distribution is the ID of os-release(5), "" if it is not known.
	distribution string
	named        map[string]*packages.Package
}

// openInstalled returns nil if there are no packages to be found, or not even the
// directory any more, which is an error only if they were asked for.
func openInstalled(root string, asked bool) (*installed, error) {
	if root == noPackages {
		return nil, nil
	}
	db, err := packages.Open(root)
	if !asked && (errors.Is(err, packages.ErrNone) || errors.Is(err, fs.ErrNotExist)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	i := &installed{db: db, distribution: distribution(root), named: map[string]*packages.Package{}}
	for _, p := range db.Packages() {
		i.named[p.Label()] = p
	}
	return i, nil
}

// Owner is the package of a path. Only directories, and links to them as /lib,
// belong to more than one, and say nothing of one of them.
func (i *installed) Owner(path string) string {
	all := i.db.Owner(path)
	if len(all) != 1 {
		return ""
	}
	return all[0].Label()
}

// Describe is what the database says of a package; nothing if there is none (nil).
func (i *installed) Describe(name string) materials.Description {
	if i == nil || i.named[name] == nil {
		return materials.Description{}
	}
	p := i.named[name]
	return materials.Description{Version: p.Version, PURL: purl(p, i.distribution)}
}

// purl is the package's URL, as the purl specification has it for deb, rpm and apk:
// pkg:deb/debian/libc6@2.36-9?arch=amd64.
func purl(p *packages.Package, distribution string) string {
	if distribution == "" {
		return ""
	}
	escape := func(s string) string { return strings.ReplaceAll(url.PathEscape(s), "+", "%2B") }
	name := p.Name
	if p.Format != packages.RPM {
		name = strings.ToLower(name)
	}
	u := "pkg:" + string(p.Format) + "/" + escape(distribution) + "/" + escape(name) + "@" + escape(p.Version)
	if p.Arch != "" {
		u += "?arch=" + url.QueryEscape(p.Arch)
	}
	return u
}

// distribution reads the ID of os-release(5), which a link can lead to, but not out of the root.
func distribution(root string) string {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		data, err := readIn(root, name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if id, ok := strings.CutPrefix(strings.TrimSpace(line), "ID="); ok {
				return strings.Trim(id, `"'`)
			}
		}
	}
	return ""
}

func readIn(root, name string) ([]byte, error) {
	f, err := os.OpenInRoot(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

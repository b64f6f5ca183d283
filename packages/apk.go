package packages

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox/packages/relation"
)

// apkInstalled are the places of apk's database; the first is of apk-tools 3 on a
// root with merged /usr.
var apkInstalled = []string{"usr/lib/apk/db/installed", "lib/apk/db/installed"}

// loadAPK reads apk's database of installed packages (apk-package(5), and
// "Apk spec: installed database" in Alpine's wiki).
func loadAPK(root string) (*loaded, error) {
	data, err := readFirst(root, apkInstalled)
	if err != nil {
		return nil, err
	}
	arch, err := readFirst(root, []string{"etc/apk/arch"})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &loaded{arch: strings.TrimSpace(string(arch)), packages: parseInstalled(string(data))}, nil
}

func readFirst(root string, names []string) (data []byte, err error) {
	for _, name := range names {
		if data, err = os.ReadFile(filepath.Join(root, name)); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return data, err
}

// parseInstalled reads paragraphs of lines "letter:value", in which case matters.
func parseInstalled(text string) []*Package {
	var all []*Package
	p, dir := &Package{}, "/"
	for line := range strings.SplitSeq(text+"\n", "\n") {
		letter, value, ok := strings.Cut(line, ":")
		switch {
		case ok && letter == "F":
			dir = join("/", value)
			p.paths = append(p.paths, dir)
		case ok && letter == "R":
			p.paths = append(p.paths, join(dir, value))
		case ok:
			p.apkField(letter, value)
		case p.Name != "":
			all = append(all, p)
			p, dir = &Package{}, "/"
		}
	}
	return all
}

func (p *Package) apkField(letter, value string) {
	switch letter {
	case "P":
		p.Name = value
		if p.Source == "" {
			p.Source = value
		}
	case "V":
		p.Version = value
	case "A":
		p.Arch = value
	case "o":
		p.Source = value
	case "D":
		for word := range strings.FieldsSeq(value) {
			if !strings.HasPrefix(word, "!") { // a conflict
				p.Depends = append(p.Depends, relation.Clause{relation.APK(word)})
			}
		}
	case "p":
		for word := range strings.FieldsSeq(value) {
			p.Provides = append(p.Provides, relation.APK(word))
		}
	}
}

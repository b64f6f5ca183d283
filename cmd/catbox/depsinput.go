package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/deps"
	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/packages/declared"
	"github.com/catbox-go/catbox/record"
)

// input opens the record, the databases of the packages, and what was declared.
func (o *depsOptions) input(ctx context.Context, path string) (deps.Input, error) {
	in := deps.Input{Profiles: buildProfiles()}
	r, err := openRecord(ctx, path)
	if err != nil {
		return in, err
	}
	in.Each = r.each
	if o.verify.on && r.start.Root != "" {
		return in, usage("--verify: the command had the root directory %s, and is built again on the host only", record.Quote(r.start.Root))
	}
	if in.DB, err = r.openPackages(o.root); err != nil {
		return in, err
	}
	if in.Declared, err = readDeclared(o.declared, in.DB); err != nil {
		return in, err
	}
	in.Contents = func(paths []string) (map[string][]string, error) { return packages.Contents(ctx, in.DB.Root(), paths) }
	return in, nil
}

// openPackages opens the databases below root. An error says how it comes to that root if nobody asked for it.
func (r *recorded) openPackages(asked string) (*packages.DB, error) {
	db, err := packages.Open(r.root(asked))
	if err != nil && asked == "" && r.start.Root != "" {
		err = fmt.Errorf("the command's root directory: %w (--root names the directory with the packages)", err)
	}
	return db, err
}

// readDeclared reads the file, or what it finds in the current directory that
// goes with the databases; nil if there is nothing.
func readDeclared(path string, db *packages.DB) (*declared.List, error) {
	if path == "" {
		var err error
		if path, err = findDeclared(db); path == "" || err != nil {
			return nil, err
		}
	}
	return declared.Read(path, rpmspec)
}

// declares are the files that go with the database of a package manager. PiSi has none here.
var declares = map[packages.Format][]declared.Format{
	packages.Deb: {declared.Control, declared.Pspec}, packages.RPM: {declared.Spec, declared.Pspec}, packages.APK: {declared.APKBUILD, declared.Pspec},
}

func findDeclared(db *packages.DB) (string, error) {
	all, err := declared.Find(".")
	if err != nil {
		return "", err
	}
	for _, format := range declares[db.Formats()[0]] {
		of := slices.DeleteFunc(slices.Clone(all), func(path string) bool { return declared.FormatOf(path) != format })
		if len(of) > 1 {
			return "", usage("several files declare what is needed: %s: choose one by --declared", strings.Join(of, ", "))
		}
		if len(of) == 1 {
			return of[0], nil
		}
	}
	return "", nil
}

// rpmspec expands a .spec file. Its macros may be anything, so it is confined: it can read,
// and nothing else.
func rpmspec(spec *os.File) ([]byte, error) {
	c := catbox.Command("rpmspec", "-q", "--buildrequires", "/dev/stdin")
	c.Dir, c.Stdin = "/", spec
	out, err := c.Output()
	var exit *catbox.ExitError
	if errors.As(err, &exit) {
		said, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		return nil, fmt.Errorf("%s: %s", filepath.Base(spec.Name()), said)
	}
	return out, err
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/deps"
	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/packages/declared"
	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// input opens the record, the databases of the packages, and what was declared.
func (o *depsOptions) input(ctx context.Context, path string) (deps.Input, error) {
	in := deps.Input{Profiles: buildProfiles()}
	var err error
	if in.Each, err = events(ctx, path); err != nil {
		return in, err
	}
	if in.DB, err = packages.Open(o.root); err != nil {
		return in, err
	}
	if in.Declared, err = readDeclared(o.declared, in.DB); err != nil {
		return in, err
	}
	in.Contents = func(paths []string) (map[string][]string, error) { return packages.Contents(ctx, o.root, paths) }
	return in, nil
}

// events opens a record: the recorder's file, or JSON lines.
func events(ctx context.Context, path string) (func(func(record.Event) error) error, error) {
	if path == "-" {
		return decode(os.Stdin), nil
	}
	lines, err := isJSON(path)
	if err != nil {
		return nil, err
	}
	if lines {
		return func(f func(record.Event) error) error { return decodeFile(path, f) }, nil
	}
	s, err := store.Open(path)
	if err != nil {
		return nil, err
	}
	return func(f func(record.Event) error) error { return s.Each(ctx, f) }, nil
}

func isJSON(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	first, err := bufio.NewReader(f).ReadByte()
	if errors.Is(err, io.EOF) {
		return false, nil // an empty file is no record
	}
	return first == '{', err
}

func decodeFile(path string, f func(record.Event) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return decode(file)(f)
}

func decode(r io.Reader) func(func(record.Event) error) error {
	return func(f func(record.Event) error) error {
		d := record.NewDecoder(r)
		for {
			e, err := d.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = f(e)
			}
			if err != nil {
				return err
			}
		}
	}
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

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2"

	"github.com/catbox-go/catbox/record"
)

// projectFile holds the profiles of a project, in the working directory or
// above it. Whoever wrote the project wrote it, so it counts only when
// --profile asks for one of its profiles, and never stands in for a profile of
// the same name that the user or the administrator wrote.
const projectFile = ".catbox.toml"

// systemProfiles is the administrator's directory.
const systemProfiles = "/etc/catbox/profiles"

// profile is what a file says under one name.
type profile struct {
	settings
	Extends string `toml:"extends"`
}

// profiles knows where profiles are.
type profiles struct {
	cwd     string
	dirs    []string // the user's, then the administrator's
	project string   // the project's file, "" if there is none
}

func newProfiles(cwd string) profiles {
	p := profiles{cwd: cwd, project: findProject(cwd)}
	if dir, err := os.UserConfigDir(); err == nil {
		p.dirs = append(p.dirs, filepath.Join(dir, "catbox", "profiles"))
	}
	p.dirs = append(p.dirs, systemProfiles)
	return p
}

// findProject returns the nearest project file at or above dir.
func findProject(dir string) string {
	for {
		path := filepath.Join(dir, projectFile)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

// load reads a profile and those that it extends.
func (p profiles) load(name string) (settings, error) { return p.loadFrom(name, nil) }

// loadFrom is load for the profile that the ones in chain extend.
func (p profiles) loadFrom(name string, chain []string) (settings, error) {
	if slices.Contains(chain, name) {
		return settings{}, fmt.Errorf("profile %s extends itself (%s)", record.Quote(name), strings.Join(append(chain, name), " -> "))
	}
	found, source, err := p.find(name)
	if err != nil {
		return settings{}, err
	}
	fail := func(err error) (settings, error) {
		return settings{}, fmt.Errorf("profile %s (%s): %w", record.Quote(name), source, err)
	}
	base := p.cwd
	if source == p.project {
		base = filepath.Dir(source)
	} else {
		p.project = "" // what the user wrote is not completed by the project
	}
	s, err := found.expand(base)
	if err == nil {
		err = s.check()
	}
	if err != nil || found.Extends == "" {
		if err != nil {
			return fail(err)
		}
		return s, nil
	}
	extended, err := p.loadFrom(found.Extends, append(chain, name))
	if err != nil {
		return fail(err)
	}
	return extended.under(s), nil
}

// find returns the profile of that name and the file that holds it.
func (p profiles) find(name string) (profile, string, error) {
	if strings.Contains(name, "/") {
		found, err := readProfile(name)
		return found, name, err
	}
	project, err := p.inProject()
	if err != nil {
		return profile{}, "", err
	}
	ours, isOurs := project[name]
	for _, dir := range p.dirs {
		path := filepath.Join(dir, name+".toml")
		found, err := readProfile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case isOurs:
			return profile{}, "", fmt.Errorf("profile %s is both in %s and in %s: give the path of the one that is meant, or rename the other",
				record.Quote(name), p.project, path)
		}
		return found, path, err
	}
	if isOurs {
		return ours, p.project, nil
	}
	return profile{}, "", p.unknown(name, project)
}

// inProject returns the profiles of the project file.
func (p profiles) inProject() (map[string]profile, error) {
	if p.project == "" {
		return nil, nil
	}
	st, err := os.Stat(p.project)
	if err != nil {
		return nil, err
	}
	if owner := st.Sys().(*syscall.Stat_t).Uid; owner != 0 && int(owner) != os.Geteuid() {
		return nil, fmt.Errorf("%s belongs to user %d, so its profiles are not used: copy the one that is meant to a file, and give its path", p.project, owner)
	}
	var file struct {
		Profile map[string]profile `toml:"profile"`
	}
	err = readTOML(p.project, &file)
	return file.Profile, err
}

// unknown says where a profile was looked for, and which there are.
func (p profiles) unknown(name string, project map[string]profile) error {
	var names []string
	for known := range project {
		names = append(names, record.Quote(known))
	}
	places := p.dirs
	if p.project != "" {
		places = append([]string{p.project}, places...)
	}
	for _, dir := range p.dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.toml"))
		for _, path := range files {
			names = append(names, record.Quote(strings.TrimSuffix(filepath.Base(path), ".toml")))
		}
	}
	slices.Sort(names)
	have := "there is none"
	if len(names) > 0 {
		have = "there are " + strings.Join(slices.Compact(names), ", ")
	}
	return fmt.Errorf("no profile %s in %s: %s", record.Quote(name), strings.Join(places, ", "), have)
}

func readProfile(path string) (profile, error) {
	var p profile
	err := readTOML(path, &p)
	return p, err
}

// readTOML reads a file into value, strictly: a key that value does not have is an error.
func readTOML(path string, value any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := toml.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return tomlError(path, d.Decode(value))
}

// tomlError adds the file, the line and the line's text to an error.
func tomlError(path string, err error) error {
	var wrong *toml.DecodeError
	var unknown *toml.StrictMissingError
	switch {
	case errors.As(err, &unknown):
		wrong = &unknown.Errors[0]
		row, _ := wrong.Position()
		return fmt.Errorf("%s:%d: unknown key %s\n%s", path, row, strings.Join(wrong.Key(), "."), wrong.String())
	case errors.As(err, &wrong):
		row, _ := wrong.Position()
		return fmt.Errorf("%s:%d: %w\n%s", path, row, err, wrong.String())
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

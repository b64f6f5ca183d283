package packages

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	rpmdb "github.com/anchore/go-rpmdb/pkg"
	_ "modernc.org/sqlite" // as which rpmdb opens the database

	"github.com/catbox-go/catbox/packages/relation"
)

// rpmDatabases are the places and kinds of rpm's database: where Fedora and SUSE have it
// now, then where it was; sqlite, ndb, Berkeley DB.
var rpmDatabases = []string{
	"usr/lib/sysimage/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/Packages",
	"var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "var/lib/rpm/Packages",
}

func loadRPM(root string) (*loaded, error) {
	for _, name := range rpmDatabases {
		path := filepath.Join(root, name)
		if _, err := os.Stat(path); err == nil {
			return readRPM(path)
		}
	}
	return nil, fs.ErrNotExist
}

func readRPM(path string) (*loaded, error) {
	path, remove, err := settled(path)
	if err != nil {
		return nil, err
	}
	defer remove()
	db, err := rpmdb.Open(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	list, err := db.ListPackages()
	if err != nil {
		return nil, err
	}
	return rpmInstalled(list)
}

func rpmInstalled(list []*rpmdb.PackageInfo) (*loaded, error) {
	got := &loaded{}
	for _, info := range list {
		if info.Name == "gpg-pubkey" { // a key, kept as a package
			continue
		}
		p, err := rpmPackage(info)
		if err != nil {
			return nil, err
		}
		if p.Arch != "noarch" && got.arch == "" {
			got.arch = p.Arch
		}
		got.packages = append(got.packages, p)
	}
	return got, nil
}

// settled returns a path under which all of the database is in one file. rpm keeps an sqlite database
// with a log beside it, which holds what was written last if rpm was interrupted; rpmdb
// does not look at it. The log is worked in on a copy.
func settled(path string) (string, func(), error) {
	log, err := os.Stat(path + "-wal")
	if err != nil || log.Size() == 0 {
		return path, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "catbox-rpm-")
	if err != nil {
		return "", nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	copied := filepath.Join(dir, "rpmdb.sqlite")
	err = errors.Join(copyFile(path, copied), copyFile(path+"-wal", copied+"-wal"))
	if err == nil {
		err = checkpoint(copied)
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return copied, remove, nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func checkpoint(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, db.Close())
}

func rpmPackage(info *rpmdb.PackageInfo) (*Package, error) {
	p := &Package{Name: info.Name, Arch: info.Arch, Version: rpmVersion(info), Source: rpmSource(info)}
	for _, name := range info.Provides {
		p.Provides = append(p.Provides, relation.Relation{Name: name})
	}
	for _, text := range info.Requires {
		if !strings.HasPrefix(text, "rpmlib(") { // what rpm itself has to be able to do
			p.Depends = append(p.Depends, relation.RPM(text)...)
		}
	}
	if len(info.DirIndexes) != len(info.BaseNames) {
		return nil, fmt.Errorf("%s: %d file names in %d directories", info.Name, len(info.BaseNames), len(info.DirIndexes))
	}
	for i, base := range info.BaseNames {
		dir := int(info.DirIndexes[i])
		if dir < 0 || dir >= len(info.DirNames) {
			return nil, fmt.Errorf("%s: file %s is in directory %d of %d", info.Name, base, dir, len(info.DirNames))
		}
		p.paths = append(p.paths, filepath.Clean(info.DirNames[dir]+base))
	}
	return p, nil
}

func rpmVersion(info *rpmdb.PackageInfo) string {
	version := info.Version + "-" + info.Release
	if info.Epoch != nil && *info.Epoch != 0 {
		return strconv.Itoa(*info.Epoch) + ":" + version
	}
	return version
}

// rpmSource is the name in bash-5.2.26-3.src.rpm.
func rpmSource(info *rpmdb.PackageInfo) string {
	name, _, _ := cutLast(info.SourceRpm, "-")
	name, _, _ = cutLast(name, "-")
	if name == "" {
		return info.Name
	}
	return name
}

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"path"
	"strings"

	"github.com/catbox-go/catbox/record"
)

// knownPrograms bounds the programs that a writer remembers.
const knownPrograms = 1 << 16

func (t *tables) image(i record.Image) error {
	if err := told("image", i.ID, "image", i.Previous); err != nil {
		return err
	}
	if err := told("image", i.ID, "image", i.EnvBase); err != nil {
		return err
	}
	program, err := t.program(i)
	if err != nil {
		return err
	}
	return t.insert("image", i.ID, "INSERT INTO image (id, process, previous, forked, time, program) VALUES (?, ?, ?, ?, ?, ?)",
		i.ID, i.Process, orNull(i.Previous), i.Forked, i.Time, program)
}

// program returns the program of an image, which is another's if that ran the
// same: a shell forks itself thousands of times.
func (t *tables) program(i record.Image) (int64, error) {
	key := programKey(i)
	if id, ok := t.programs[key]; ok && id < i.ID {
		return id, nil
	}
	if err := t.newProgram(i); err != nil {
		return 0, err
	}
	if len(t.programs) >= knownPrograms {
		clear(t.programs)
	}
	t.programs[key] = i.ID
	return i.ID, nil
}

func programKey(i record.Image) [sha256.Size]byte {
	h := sha256.New()
	writeInt(h, i.EnvBase)
	writeInt(h, int64(i.Searched))
	for _, list := range [][]string{{i.Path, i.Dir}, i.Interpreters, i.Args, i.Env, i.EnvUnset} {
		writeInt(h, int64(len(list)))
		for _, s := range list {
			writeInt(h, int64(len(s)))
			h.Write([]byte(s))
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func writeInt(h hash.Hash, n int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func (t *tables) newProgram(i record.Image) error {
	ids, err := t.pathIDs(append([]string{i.Path, i.Dir}, i.Interpreters...))
	if err != nil {
		return err
	}
	name := ""
	if i.Path != "" {
		name = path.Base(i.Path)
	}
	err = t.insert("image", i.ID, "INSERT INTO program (id, path, name, dir, env_base, searched) VALUES (?, ?, ?, ?, ?, ?)",
		i.ID, ids[0], name, ids[1], orNull(i.EnvBase), i.Searched)
	if err != nil {
		return err
	}
	return t.lists(i, ids[2:])
}

func (t *tables) pathIDs(paths []string) ([]int64, error) {
	ids := make([]int64, len(paths))
	for n, p := range paths {
		var err error
		if ids[n], err = t.paths.id(p); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// lists writes what a program has several of.
func (t *tables) lists(i record.Image, interpreters []int64) error {
	var rows []row
	for n, id := range interpreters {
		rows = append(rows, row{"INSERT INTO interpreter (program, position, path) VALUES (?, ?, ?)", []any{i.ID, n, id}})
	}
	for n, arg := range i.Args {
		rows = append(rows, row{"INSERT INTO argument (program, position, argument) VALUES (?, ?, ?)", []any{i.ID, n, arg}})
	}
	for n, entry := range i.Env {
		name, value, is := strings.Cut(entry, "=")
		values := []any{i.ID, n, name, nil}
		if is {
			values[3] = value
		}
		rows = append(rows, row{"INSERT INTO setting (program, position, name, value) VALUES (?, ?, ?, ?)", values})
	}
	for n, name := range i.EnvUnset {
		rows = append(rows, row{"INSERT INTO unsetting (program, position, name) VALUES (?, ?, ?)", []any{i.ID, n, name}})
	}
	for _, r := range rows {
		if err := t.insert("image", i.ID, r.query, r.values...); err != nil {
			return err
		}
	}
	return nil
}

type row struct {
	query  string
	values []any
}

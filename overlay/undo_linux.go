package overlay

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// undo takes all steps back, the last one first. It may be called at any time,
// and again.
func (o *Overlay) undo(ops []*operation) error {
	var errs []error
	for i := len(ops) - 1; i >= 0; i-- {
		if err := o.takeBack(ops[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, o.root().wrap(string(ops[i].Path), err))
		}
		o.step("undone")
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := o.restored(ops); err != nil {
		return err
	}
	return o.endJournal()
}

func (o *Overlay) takeBack(op *operation) error {
	dir, name, err := o.root().at(string(op.Path))
	if err != nil {
		return err
	}
	if op.Do == attrs {
		return setDir(dir, name, ownership{ignore: true, root: unix.Geteuid() == 0}, op.Was.stat())
	}
	if err := o.putBack(op, dir, name); err != nil {
		return err
	}
	return removeTree(dir, string(op.Temp))
}

// putBack makes the name what it was, if it is not. What somebody else put
// there meanwhile stays.
func (o *Overlay) putBack(op *operation, dir int, name string) error {
	aside := inodeAt(dir, string(op.Temp))
	switch {
	case op.Do == remove && aside == op.Ino:
		return named("put back", unix.Renameat2(dir, string(op.Temp), dir, name, unix.RENAME_NOREPLACE))
	case op.Do == replace && aside == op.Ino:
		return exchange(dir, string(op.Temp), name)
	case op.Do == add && op.New != 0 && aside == 0 && inodeAt(dir, name) == op.New:
		return named("take back", unix.Renameat2(dir, name, dir, string(op.Temp), unix.RENAME_NOREPLACE))
	}
	return nil
}

// inodeAt is the inode under a name, 0 if there is none.
func inodeAt(dir int, name string) uint64 {
	var st unix.Stat_t
	if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return 0
	}
	return st.Ino
}

package overlay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// CommitOptions say what is committed.
type CommitOptions struct {
	// Patterns select by path, see [CheckPattern]; nil is all. One that selects
	// nothing is an error.
	Patterns []string
	// IgnoreOwners leaves owners and attributes that only root may set as they
	// come, where they would be an error ([ErrOwner]).
	IgnoreOwners bool
	// DryRun only looks whether it could be done: its errors are those that a
	// commit has before it begins.
	DryRun bool
}

// Commit makes the changes in the root, and takes them out of the overlay. It
// returns them. All are made or, with an error, none: also if ctx ends or the
// process is killed, when the next [Open] undoes what was done. Each file is
// exchanged in one step. A file that changed below the overlay meanwhile is a
// [ConflictError], what the user may not do a [RefusedError]. What it made is on disk before the overlay loses it (syncfs(2)).
func (o *Overlay) Commit(ctx context.Context, opts CommitOptions) (changes []Change, err error) {
	lock, err := o.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	defer func() { err = errors.Join(err, o.closeAgain()) }()
	if err := o.recoverLocked(); err != nil {
		return nil, err
	}
	selected, err := newSelection(opts.Patterns)
	if err != nil {
		return nil, err
	}
	changes, err = o.choose(ctx, selected)
	if err == nil {
		err = o.lowersCommitted()
	}
	if err == nil {
		err = conflicts(changes)
	}
	if err != nil || len(changes) == 0 {
		return changes, err
	}
	ops, owners := plan(changes, selected), ownership{ignore: opts.IgnoreOwners, root: unix.Geteuid() == 0}
	if err := o.permitted(ops, owners); err != nil || opts.DryRun {
		return changes, err
	}
	return changes, o.commit(ctx, ops, owners)
}

// lowersCommitted is an error if changes of a saved overlay below are not in
// the root yet: these changes are relative to those.
func (o *Overlay) lowersCommitted() error {
	for _, dir := range o.Lower() {
		l, err := Open(dir)
		if err != nil {
			return err
		}
		defer l.Close()
		for c, err := range l.Changes(ListOptions{}) {
			if err != nil {
				return err
			}
			return fmt.Errorf("the overlay %s below has changes that are not committed, as %s; commit it first", record.Quote(dir), record.Quote(c.Path))
		}
	}
	return nil
}

func (o *Overlay) root() *tree { return o.lowers[len(o.lowers)-1].tree }

func (o *Overlay) commit(ctx context.Context, ops []*operation, owners ownership) error {
	o.shareable(ops)
	if err := o.beginJournal(ops); err != nil {
		return err
	}
	k := newCopier(ctx, o.upper.tree, o.root(), owners.ignore)
	k.notes = o.upper.notes
	err := o.apply(ctx, ops, k, owners)
	if err != nil {
		if undone := o.undo(ops); undone != nil {
			return errors.Join(err, fmt.Errorf("not all could be undone; it is tried again when the overlay is used: %w", undone))
		}
		return err
	}
	return o.finish(ops)
}

// apply does all steps, up to the mark from which there is no way back.
func (o *Overlay) apply(ctx context.Context, ops []*operation, k *copier, owners ownership) error {
	if err := o.stage(ops, k, owners); err != nil {
		return err
	}
	o.step("staged")
	for _, op := range ops {
		if op.Do == attrs && op.opens() {
			continue // done before
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := o.root().wrap(string(op.Path), o.put(op, owners)); err != nil {
			return err
		}
		o.step("done " + string(op.Do))
	}
	if err := errors.Join(o.syncRoot(ops), ctx.Err()); err != nil {
		return err
	}
	o.step("all done")
	return o.mark(mark{Committed: true})
}

// opens tells of a step that lets a directory be written in.
func (op *operation) opens() bool { return op.Want.Mode&0o200 != 0 }

// stage makes all that is new beside its place.
func (o *Overlay) stage(ops []*operation, k *copier, owners ownership) error {
	for _, op := range ops {
		if op.Do == attrs && op.opens() {
			if err := o.root().wrap(string(op.Path), o.put(op, owners)); err != nil {
				return err
			}
			o.step("opened")
		}
		k.sharing = op.Share
		for i := range op.tree {
			c := &op.tree[i]
			if err := k.file(c, within(string(op.Path), op.temp(), c.Path)); err != nil {
				return err
			}
			o.step("staged one")
		}
		if err := k.finish(); err != nil {
			return err
		}
	}
	return o.markStaged(ops)
}

func (o *Overlay) markStaged(ops []*operation) error {
	var m mark
	for _, op := range ops {
		if len(op.tree) > 0 {
			ino, err := o.root().inode(op.temp())
			if err != nil {
				return err
			}
			op.New = ino
		}
		m.Staged = append(m.Staged, op.New)
	}
	return o.mark(m)
}

// put does a step: one system call, but for attributes.
func (o *Overlay) put(op *operation, owners ownership) error {
	dir, name, err := o.root().at(string(op.Path))
	if err != nil {
		return err
	}
	if op.Do != add {
		if err := o.expect(op); err != nil {
			return err
		}
	}
	switch op.Do {
	case attrs:
		return setDir(dir, name, owners, op.Want.stat())
	case remove:
		return named("remove", unix.Renameat2(dir, name, dir, string(op.Temp), unix.RENAME_NOREPLACE))
	case replace:
		return exchange(dir, string(op.Temp), name)
	}
	return named("move into place", unix.Renameat2(dir, string(op.Temp), dir, name, unix.RENAME_NOREPLACE))
}

// expect looks once more whether what is there is what was compared.
func (o *Overlay) expect(op *operation) error {
	ino, err := o.root().inode(string(op.Path))
	if err != nil {
		return err
	}
	if ino != op.Ino {
		return &ConflictError{Changes: []Change{{Path: string(op.Path), Conflict: "was replaced meanwhile"}}}
	}
	return nil
}

func exchange(dir int, a, b string) error {
	err := unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) {
		return errors.New("this file system cannot exchange two files in one step (renameat2(2), RENAME_EXCHANGE)")
	}
	return named("exchange", err)
}

func setDir(dir int, name string, owners ownership, st *Stat) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return named("open", err)
	}
	defer unix.Close(fd)
	return owners.set(handle{fd: fd}, st)
}

// closeDirs sets the modes of directories in which their owner may not write any
// longer, with more permissions as long as there is something to remove in them.
func (o *Overlay) closeDirs(ops []*operation, more uint32) error {
	for _, op := range ops {
		if op.Do != attrs || op.opens() {
			continue
		}
		dir, name, err := o.root().at(string(op.Path))
		if err == nil {
			want := op.Want.stat()
			want.Mode |= more
			err = setDir(dir, name, ownership{ignore: true, root: unix.Geteuid() == 0}, want)
		}
		if err != nil {
			return o.root().wrap(string(op.Path), err)
		}
	}
	return nil
}

// finish removes what was there before, and takes what was committed out of the
// overlay. It may be called again.
func (o *Overlay) finish(ops []*operation) error {
	o.step("committed")
	if err := o.closeDirs(ops, 0o700); err != nil {
		return err
	}
	for _, op := range ops {
		if op.Do == attrs || op.Do == add {
			continue
		}
		dir, err := o.root().dir(path.Dir(string(op.Path)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = removeTree(int(dir.Fd()), string(op.Temp))
		}
		if err != nil {
			return fmt.Errorf("committed, but what was there before is left as %s: %w", record.Quote(o.root().where(op.temp())), err)
		}
		o.step("cleaned")
	}
	if err := errors.Join(o.leave(committed(ops)), o.unshare(ops)); err != nil {
		return fmt.Errorf("committed, but still in the overlay: %w", err)
	}
	o.step("left")
	if err := o.closeDirs(ops, 0); err != nil {
		return err
	}
	return o.endJournal()
}

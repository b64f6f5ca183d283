package overlay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/record"
)

// RefusedError are the paths that cannot be committed. Nothing was. It is
// [ErrOwner] if that is so of one of them.
type RefusedError struct {
	Refused []Refusal
}

// Refusal is a path from the root, and why it cannot be committed.
type Refusal struct {
	Path string
	Err  error
}

func (e *RefusedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d paths cannot be committed; nothing is", len(e.Refused))
	if len(e.Refused) == 1 {
		b.Reset()
		b.WriteString("1 path cannot be committed; nothing is")
	}
	for _, r := range e.Refused {
		fmt.Fprintf(&b, "\n  %s: %s", record.Quote(r.Path), r.Err)
	}
	return b.String()
}

// Unwrap returns the reasons.
func (e *RefusedError) Unwrap() []error {
	var reasons []error
	for _, r := range e.Refused {
		reasons = append(reasons, r.Err)
	}
	return reasons
}

// check looks before anything is done whether it could be.
type check struct {
	root   *tree
	owners ownership
	opened map[string]bool  // directories that the commit lets their owner write first
	dirs   map[string]error // why nothing can be done in a directory, nil: it can
	trial  *os.File         // stands for a file that is made
	found  RefusedError
}

// permitted is a [RefusedError] if something would be refused to the user: a
// directory in which nothing can be done (and if it cannot be searched, what was
// done could not be undone either), an owner that cannot be given.
func (o *Overlay) permitted(ops []*operation, owners ownership) error {
	fd, err := unix.MemfdCreate("catbox-commit", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	k := check{root: o.root(), owners: owners, opened: map[string]bool{}, dirs: map[string]error{}, trial: os.NewFile(uintptr(fd), "trial")}
	defer k.trial.Close()
	for _, op := range ops {
		if op.Do == attrs {
			k.attributes(op)
		}
	}
	for _, op := range ops {
		if err := k.operation(op); err != nil {
			return err
		}
	}
	if k.found.Refused == nil {
		return nil
	}
	slices.SortFunc(k.found.Refused, func(a, b Refusal) int { return strings.Compare(a.Path, b.Path) })
	return &k.found
}

func (k *check) refuse(path string, err error) {
	k.found.Refused = append(k.found.Refused, Refusal{path, err})
}

// attributes checks those of a directory that stays: chmod(2) is for its owner.
func (k *check) attributes(op *operation) {
	path, want := string(op.Path), op.Want.stat()
	if !k.owners.root && int(op.Was.UID) != os.Geteuid() {
		k.refuse(path, errors.New("only its owner, and root, can set a directory's mode and attributes"))
		return
	}
	if err := k.owner(want, op.Was.GID); err != nil {
		k.refuse(path, err)
		return
	}
	k.opened[path] = op.opens()
}

// operation checks the others. What is not permitted is noted, the error is of
// another kind.
func (k *check) operation(op *operation) error {
	path := string(op.Path)
	refused, err := k.directory(parent(path))
	if err != nil {
		return err
	}
	if refused == nil && (op.Do == remove || op.Do == replace) {
		if refused, err = k.leaves(path); err != nil {
			return err
		}
	}
	if refused != nil {
		k.refuse(path, refused)
		return nil
	}
	if len(op.tree) == 0 {
		return nil
	}
	group, err := k.group(parent(path))
	if err != nil {
		return err
	}
	for i := range op.tree {
		if refused := k.owner(op.tree[i].New, group); refused != nil {
			k.refuse(op.tree[i].Path, refused)
		}
	}
	return nil
}

// directory tells by refused why nothing can be done in one.
func (k *check) directory(dir string) (refused, err error) {
	if k.opened[dir] {
		return nil, nil
	}
	refused, known := k.dirs[dir]
	if known {
		return refused, nil
	}
	f, err := k.root.dir(dir)
	where := record.Quote(k.root.where(dir))
	if err == nil {
		err = unix.Faccessat(int(f.Fd()), ".", unix.X_OK, unix.AT_EACCESS)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		refused = fmt.Errorf("%s cannot be searched (chmod u+x lets its owner)", where)
	case err != nil:
		return nil, k.root.wrap(dir, err)
	default:
		if err := unix.Faccessat(int(f.Fd()), ".", unix.W_OK, unix.AT_EACCESS); err != nil {
			refused = fmt.Errorf("%s cannot be written: %w", where, err)
		}
	}
	k.dirs[dir] = refused
	return refused, nil
}

// leaves tells by refused why a file cannot be renamed: of a directory with the
// sticky bit only its own user's can (inode(7)).
func (k *check) leaves(path string) (refused, err error) {
	dir, name, err := k.root.at(path)
	if err != nil {
		return nil, err
	}
	var in, st unix.Stat_t
	if err := unix.Fstatat(dir, "", &in, unix.AT_EMPTY_PATH); err != nil {
		return nil, k.root.wrap(parent(path), named("stat", err))
	}
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nil, k.root.wrap(path, named("stat", err))
	}
	own := k.owners.root || int(in.Uid) == os.Geteuid() || int(st.Uid) == os.Geteuid()
	if in.Mode&unix.S_ISVTX != 0 && !own {
		return errors.New("it is another user's, in a directory with the sticky bit"), nil
	}
	return nil, nil
}

// group is the one that files of a directory come to have.
func (k *check) group(dir string) (uint32, error) {
	f, err := k.root.dir(dir)
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(int(f.Fd()), "", &st, unix.AT_EMPTY_PATH); err != nil {
		return 0, k.root.wrap(dir, named("stat", err))
	}
	if st.Mode&unix.S_ISGID != 0 {
		return st.Gid, nil
	}
	return uint32(os.Getegid()), nil
}

// owner is an error if a file of the user's cannot come to be as wanted: owner and
// what only root can set are tried with a file in memory, for which the kernel asks
// for the same rights. Group is the file's to begin with.
func (k *check) owner(want *Stat, group uint32) error {
	if want.isDevice() && !k.owners.root {
		return errors.New("only root can make a device")
	}
	st := *want
	if st.GID == group {
		st.GID = uint32(os.Getegid())
	}
	if _, err := k.owners.owner(int(k.trial.Fd()), &st); err != nil {
		return err
	}
	for name, value := range want.Xattrs {
		if !strings.HasPrefix(name, "trusted.") && name != "security.capability" {
			continue
		}
		if err := k.owners.xattr(sys.FDPath(int(k.trial.Fd())), name, value); err != nil && errors.Is(err, ErrOwner) {
			return err
		}
	}
	return nil
}

package supervisor

import (
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/recorder"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/record"
)

// A call is observed before it is made, and nobody tells of its result. What is
// there says in most cases that it will fail; what cannot be foreseen is told as what
// it means to do (a full disk, a program that runs, a sticky directory).

// failure is that of a call that will be made and do nothing.
type failure struct {
	errno unix.Errno
	found []target.Found
}

// foresaw tells whether the call, which goes on or was made here, fails as was foreseen.
// EACCES is what the policy says too, and then it is told what it was about to do.
func (o *observation) foresaw(a Answer) bool {
	errno := o.failure.errno
	return errno != 0 && (a.kind == answerContinue || a.kind == answerRefuse && errno != unix.EACCES && a.errno == errno)
}

// fails has a call that will do nothing told as the look that it is.
func (o *observation) fails() {
	f := o.failure
	o.emptied = ""
	if f.errno != unix.EEXIST {
		o.use = recorder.Use{} // perhaps it can do it the next time
	}
	if len(f.found) == 1 && f.found[0].Errno == unix.ENOENT && !f.found[0].Orphan {
		o.refuse(f.errno) // it would have been made
		return
	}
	o.accesses = nil
	for _, at := range f.found {
		if at.Errno == unix.ENOENT && !at.Orphan {
			continue // the new name, which need not be there
		}
		o.accesses = append(o.accesses, accesses(at, looks)...)
	}
	for i := range o.accesses {
		if a := &o.accesses[i]; a.Class == record.ClassProbe && a.Errno == 0 {
			a.Errno = f.errno
		}
	}
}

// foresee is the errno with which the kernel will refuse what the call means to do with
// what was found; 0 if it will do it, as far as can be told.
func (h *held) foresee(f target.Found, i intent) unix.Errno {
	kind := i.kind()
	switch {
	case f.Errno == unix.ENOENT && (kind == makes || i.has(creating)):
		if f.Orphan {
			return unix.ENOENT
		}
		return h.permits(path.Dir(f.Canonical), unix.W_OK|unix.X_OK)
	case f.Errno != 0 || f.Mode == 0: // that is what it fails with, or it was not looked at (ownProc)
		return 0
	case kind == makes:
		return unix.EEXIST
	case kind == removes:
		return h.foreseeRemoval(f)
	case kind == reads || kind == lists || kind == writes:
		return h.foreseeOpen(f, i)
	}
	return 0
}

func (h *held) foreseeOpen(f target.Found, i intent) unix.Errno {
	switch {
	case i.has(creating) && i.has(exclusive):
		return unix.EEXIST
	case f.Mode&unix.S_IFMT == unix.S_IFLNK:
		return unix.ELOOP
	case i.kind() == lists && !f.IsDir():
		return unix.ENOTDIR
	case f.IsDir() && (i.kind() == writes || i.has(creating)):
		return unix.EISDIR
	}
	mode := uint32(unix.R_OK)
	if i.kind() == writes {
		mode = unix.W_OK
		if i.has(twofold) {
			mode |= unix.R_OK
		}
	}
	return h.permits(f.Canonical, mode)
}

func (h *held) foreseeRemoval(f target.Found) unix.Errno {
	switch directories := h.name == "rmdir" || h.value(abi.AtFlags)&unix.AT_REMOVEDIR != 0; {
	case directories && !f.IsDir():
		return unix.ENOTDIR
	case !directories && f.IsDir():
		return unix.EISDIR
	case directories && !h.s.view.IsEmpty(f.Canonical):
		return unix.ENOTEMPTY
	}
	return h.permits(path.Dir(f.Canonical), unix.W_OK|unix.X_OK)
}

// foreseePair is foresee for link and rename, of what is there.
func (h *held) foreseePair(from, to target.Found) unix.Errno {
	if to.Errno != 0 && (to.Errno != unix.ENOENT || to.Orphan) {
		return to.Errno
	}
	dirs := []string{path.Dir(to.Canonical)}
	if h.row.Change == abi.Rename {
		if errno := h.foreseeReplacement(from, to); errno != 0 {
			return errno
		}
		dirs = append(dirs, path.Dir(from.Canonical))
	} else if to.Errno == 0 {
		return unix.EEXIST
	}
	for _, dir := range dirs {
		if errno := h.permits(dir, unix.W_OK|unix.X_OK); errno != 0 {
			return errno
		}
	}
	return 0
}

// foreseeReplacement tells whether a rename can take the place of what is there (rename(2)).
func (h *held) foreseeReplacement(from, to target.Found) unix.Errno {
	flags := uint32(0)
	if h.name == "renameat2" {
		flags = h.flags(4)
	}
	switch {
	case to.Errno != 0 || flags&unix.RENAME_EXCHANGE != 0:
		return 0
	case flags&unix.RENAME_NOREPLACE != 0:
		return unix.EEXIST
	case from.IsDir() && !to.IsDir():
		return unix.ENOTDIR
	case !from.IsDir() && to.IsDir():
		return unix.EISDIR
	case from.IsDir() && from.Canonical != to.Canonical && !h.s.view.IsEmpty(to.Canonical):
		return unix.ENOTEMPTY
	}
	return 0
}

// permits asks the kernel whether we may do that, who are the same user as the run. A
// fake root is somebody else, and root may do everything. In /proc it matters which
// process it is (ptrace(2), "Ptrace access mode checking").
func (h *held) permits(canonical string, mode uint32) unix.Errno {
	if h.s.Fake != nil || os.Geteuid() == 0 || strings.HasPrefix(canonical, "/proc/") {
		return 0
	}
	return h.s.view.Access(canonical, mode)
}

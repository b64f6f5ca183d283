package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// mediatesWrites tells whether writing calls are done here rather than explained.
func (s *Supervisor) mediatesWrites() bool {
	return !s.Exact && s.Policy.Action() != policy.Log
}

// mediates tells whether the call is done here although it may be explained.
//
// Metadata is what Landlock does not see. Read-only mounts hold it, but not by a
// descriptor that the command was given: that is on a mount of the host, and can
// come under any number, or be what /proc/self/fd leads to, after the look at
// the call. So it is mediated where such a descriptor was given.
func (s *Supervisor) mediates(h *held) bool {
	if h.setsUnmapped() {
		return true // also where nothing is refused: see ids_linux.go
	}
	if s.Policy.Action() == policy.Log {
		return false
	}
	return !s.Exact || s.MetadataOpen && h.row.Change.Metadata() || s.movesDenied(h)
}

// movesDenied tells whether a rename could carry along what is denied. A mount
// below a directory does not keep it from being renamed (rename(2) says EBUSY
// for the mount point alone), and Landlock allows the directory above.
func (s *Supervisor) movesDenied(h *held) bool {
	return h.row.Change == abi.Rename && s.deniesSome
}

// write decides about the calls that change the tree or its metadata.
func (r *receiver) write(h *held) Answer {
	if h.flagsUnknown() && !h.maySkipFlags() {
		return Refuse(unix.EINVAL)
	}
	if h.s.mediates(h) {
		return r.mediateWrite(h)
	}
	if a, refused := h.judgeWrite(); refused {
		return a
	}
	// Wall: read-only mounts hold every change, Landlock most of them.
	return Continue()
}

// maySkipFlags tells whether the flags are looked at only after other arguments.
func (h *held) maySkipFlags() bool { return h.row.Arg(abi.Times) >= 0 }

// judgeWrite refuses a call of which any path or descriptor may not be written.
func (h *held) judgeWrite() (Answer, bool) {
	for _, arg := range h.row.Paths() {
		if a, refused := h.judgePath(arg); refused {
			return a, true
		}
	}
	if i := h.row.Arg(abi.FD); i >= 0 {
		return h.judgeDescriptor(h.fd(i))
	}
	return Answer{}, false
}

// judgeDescriptor refuses a change of the file that a descriptor is open on.
func (h *held) judgeDescriptor(fd int32) (Answer, bool) {
	place, errno := h.s.view.Resolve(target.Lookup{Thread: h.thread, Dir: fd, Empty: true})
	if errno != 0 {
		return Answer{}, false // the kernel finds the same; wall: see write
	}
	if h.s.mayWrite(place.Canonical) || h.s.isGiven(place) {
		return Answer{}, false
	}
	return h.violation(act{op: record.Write, canonical: place.Canonical})
}

func (h *held) judgePath(arg abi.PathArg) (Answer, bool) {
	if h.namesDescriptor(arg) {
		return h.judgeDescriptor(h.fd(arg.Dir))
	}
	path, errno := h.path(arg.Path)
	if errno != 0 {
		return Answer{}, false // the kernel finds the same; wall: see write
	}
	place, errno := h.s.view.Resolve(h.lookup(arg, path))
	if errno != 0 {
		return Answer{}, false // likewise
	}
	return h.judgePlace(arg, path, place)
}

// judgePlace refuses a change at the place, unless nothing would be changed
// anyway: then the error is the kernel's.
func (h *held) judgePlace(arg abi.PathArg, path string, place target.Place) (Answer, bool) {
	if h.s.mayWrite(place.Canonical) {
		if h.carriesDenied(place) {
			return h.violation(act{op: record.Write, path: path, canonical: place.Canonical})
		}
		return Answer{}, false
	}
	exists := place.Exists
	if arg.Role == abi.Entry {
		exists = h.s.view.Exists(place)
	}
	if creates := h.creates(arg); creates && exists {
		return Refuse(unix.EEXIST), true
	} else if !creates && !exists && !h.renameTarget(arg) {
		return Refuse(unix.ENOENT), true
	}
	return h.violation(act{op: record.Write, path: path, canonical: place.Canonical})
}

// creates tells whether the call makes the entry, and fails if it is there.
func (h *held) creates(arg abi.PathArg) bool {
	switch h.row.Change {
	case abi.Mkdir, abi.Mknod, abi.Symlink:
		return true
	case abi.HardLink:
		return arg.Role == abi.Entry
	}
	return false
}

// renameTarget tells whether the argument is a rename's new name, which need not exist.
func (h *held) renameTarget(arg abi.PathArg) bool {
	paths := h.row.Paths()
	return len(paths) == 2 && arg == paths[1]
}

// carriesDenied tells whether a rename of the place would carry along
// something below it that may not be written.
func (h *held) carriesDenied(place target.Place) bool {
	return h.row.Change == abi.Rename && !h.s.isOwn(place.Canonical) &&
		h.s.Policy.DeniesBelow(policy.Write, place.Canonical) && h.s.view.IsDir(place)
}

// placesDenied tells whether a rename would put a directory where the policy
// denies something below: made elsewhere, it would come to be there.
func (h *held) placesDenied(from, to target.Place) bool {
	return h.row.Change == abi.Rename && !h.s.isOwn(to.Canonical) &&
		h.s.Policy.DeniesBelow(policy.Write, to.Canonical) && h.s.view.IsDir(from)
}

// arguments decides about the ioctls that change a file by any descriptor.
func (r *receiver) arguments(h *held) Answer {
	i := h.row.Arg(abi.FD)
	if h.name != "ioctl" || i < 0 {
		return r.process(h)
	}
	_, known := ioctlSizes[h.flags(h.row.Arg(abi.Request))]
	if h.s.mediates(h) || (known || !h.s.Mounts) && h.s.Policy.Action() != policy.Log {
		return r.mediateIoctl(h)
	}
	if a, refused := h.judgeDescriptor(h.fd(i)); refused {
		return a
	}
	// Wall: read-only mounts. The descriptor can be exchanged meanwhile, but
	// not for one on a mount that can be written and the policy does not allow.
	return Continue()
}

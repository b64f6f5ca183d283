package unpack

import (
	"archive/tar"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Types and bits of st_mode (inode(7)), the same on every system of today.
const (
	modeDir  = 0o040000
	modeChar = 0o020000
	modeBlk  = 0o060000
	modeFifo = 0o010000
	modeReg  = 0o100000
	modeLnk  = 0o120000

	modePerm = 0o7777
)

// Noted is what an archive says of a file and could not be set on it.
type Noted struct {
	Path         string            // relative to the tree, slash-separated; "." is the tree itself
	UID, GID     int               // the owner that it should have
	Mode         uint32            // st_mode: type and permission bits, as it should be
	Major, Minor uint32            // of a device
	Xattrs       map[string][]byte `json:",omitempty"` // extended attributes that could not be set
}

// attributes are those of a file as the archive has them.
type attributes struct {
	uid, gid     int
	mode         uint32
	major, minor uint32
	atime, mtime time.Time // zero: leave
	xattrs       map[string][]byte
}

var types = map[byte]uint32{
	tar.TypeDir: modeDir, tar.TypeSymlink: modeLnk, tar.TypeChar: modeChar,
	tar.TypeBlock: modeBlk, tar.TypeFifo: modeFifo,
}

func attributesOf(hdr *tar.Header) attributes {
	a := attributes{
		uid: hdr.Uid, gid: hdr.Gid, mode: uint32(hdr.Mode) & modePerm,
		major: uint32(hdr.Devmajor), minor: uint32(hdr.Devminor),
		atime: hdr.AccessTime, mtime: hdr.ModTime, xattrs: xattrsOf(hdr),
	}
	if a.mtime.IsZero() {
		a.mtime = epoch
	}
	if a.atime.IsZero() {
		a.atime = a.mtime
	}
	kind, ok := types[hdr.Typeflag]
	if !ok {
		kind = modeReg
	}
	a.mode |= kind
	return a
}

const paxXattr = "SCHILY.xattr."

// xattrsOf are the extended attributes of an entry, without those of overlayfs:
// a mount over the tree would take them for its own and hide files.
func xattrsOf(hdr *tar.Header) map[string][]byte {
	var attrs map[string][]byte
	for key, value := range hdr.PAXRecords {
		name, ok := strings.CutPrefix(key, paxXattr)
		if !ok || strings.HasPrefix(name, "trusted.overlay.") || strings.HasPrefix(name, "user.overlay.") {
			continue
		}
		if attrs == nil {
			attrs = map[string][]byte{}
		}
		attrs[name] = []byte(value)
	}
	return attrs
}

// onDisk is the mode that a file gets. For an ordinary user everything stays
// readable and writable by the owner, as it is to the root that it was made
// for, and nobody becomes somebody else: set-id bits are left to the note.
func (t *Tree) onDisk(a attributes) fs.FileMode {
	if t.asRoot {
		return fileMode(a.mode)
	}
	least := fs.FileMode(0o600)
	if a.mode&0o170000 == modeDir {
		least = 0o700
	}
	return fs.FileMode(a.mode)&0o777 | least
}

func fileMode(m uint32) fs.FileMode {
	f := fs.FileMode(m & 0o777)
	if m&syscall.S_ISUID != 0 {
		f |= fs.ModeSetuid
	}
	if m&syscall.S_ISGID != 0 {
		f |= fs.ModeSetgid
	}
	if m&syscall.S_ISVTX != 0 {
		f |= fs.ModeSticky
	}
	return f
}

// setFile sets the attributes of a file that is open. The owner comes first:
// chown(2) clears set-id bits and security.capability.
func (a *adding) setFile(here *place, name string, f *os.File, attr attributes) error {
	n := noting{attr: attr}
	if a.asRoot {
		n.owner(f.Chown(attr.uid, attr.gid))
	}
	mode := a.onDisk(attr)
	n.fail(f.Chmod(mode))
	for key, value := range attr.xattrs {
		n.xattr(key, value, setXattr(f, key, value))
	}
	n.fail(here.root.Chtimes(name, attr.atime, attr.mtime))
	return a.note(join(here.path, name), n)
}

func (a *adding) setLink(here *place, name string, attr attributes) error {
	n := noting{attr: attr}
	if a.asRoot {
		n.owner(here.root.Lchown(name, attr.uid, attr.gid))
	}
	fd, err := here.fd()
	if err != nil {
		return err
	}
	for key, value := range attr.xattrs {
		n.xattr(key, value, setLinkXattr(fd, name, key, value))
	}
	n.fail(setLinkTimes(fd, name, attr.atime, attr.mtime))
	return a.note(join(here.path, name), n)
}

// finishDirs sets the attributes of directories, from the deepest up: to write
// into one changes its time, and may need a mode that it does not keep.
func (t *Tree) finishDirs() error {
	t.at.pop(1)
	top := t.at[0].root
	paths := slices.SortedFunc(maps.Keys(t.dirs), func(a, b string) int { return strings.Compare(b, a) })
	for _, p := range paths {
		if p == "." {
			continue
		}
		if err := t.finishDir(top, p); err != nil {
			return err
		}
	}
	return t.finishDir(top, ".")
}

func (t *Tree) finishDir(top *os.Root, p string) error {
	f, err := top.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	attr := t.dirs[p]
	n := noting{attr: attr}
	if t.asRoot {
		n.owner(f.Chown(attr.uid, attr.gid))
	}
	for key, value := range attr.xattrs {
		n.xattr(key, value, setXattr(f, key, value))
	}
	n.fail(f.Chmod(t.onDisk(attr)))
	if !attr.mtime.IsZero() {
		n.fail(top.Chtimes(p, attr.atime, attr.mtime))
	}
	return t.note(p, n)
}

// noting gathers what could not be set on a file.
type noting struct {
	attr    attributes
	missing bool
	xattrs  map[string][]byte
	err     error
}

func (n *noting) fail(err error) { n.err = errors.Join(n.err, err) }

// owner takes the outcome of a chown: EPERM without the privilege, EINVAL for
// an id that the user namespace does not map (user_namespaces(7)).
func (n *noting) owner(err error) {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
		n.missing = true
		return
	}
	n.fail(err)
}

func (n *noting) xattr(key string, value []byte, err error) {
	switch {
	case err == nil:
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES), errors.Is(err, errors.ErrUnsupported),
		errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.E2BIG), errors.Is(err, syscall.ERANGE):
		if n.xattrs == nil {
			n.xattrs = map[string][]byte{}
		}
		n.xattrs[key] = value
	default:
		n.fail(err)
	}
}

func (t *Tree) note(p string, n noting) error {
	if n.err != nil {
		return n.err
	}
	a := n.attr
	if !t.asRoot && !n.missing {
		isLink := a.mode&0o170000 == modeLnk
		n.missing = a.uid != t.euid || a.gid != t.egid || !isLink && fileMode(a.mode) != t.onDisk(a)
	}
	if n.missing || n.xattrs != nil {
		t.notes[p] = Noted{Path: p, UID: a.uid, GID: a.gid, Mode: a.mode, Major: a.major, Minor: a.minor, Xattrs: n.xattrs}
	} else {
		delete(t.notes, p)
	}
	return nil
}

func (t *Tree) handOver() error {
	if t.opts.Note == nil {
		return nil
	}
	for _, p := range slices.Sorted(maps.Keys(t.notes)) {
		if err := t.opts.Note(t.notes[p]); err != nil {
			return err
		}
	}
	return nil
}

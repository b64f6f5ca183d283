package straced

import (
	"maps"
	"syscall"

	"github.com/catbox-go/catbox/record"
)

// shape is how a call names files, and what it does with them.
type shape struct {
	// roles has a letter for each argument: d is the directory that the next path
	// starts from, D a descriptor that the call is about, p a path, l one whose
	// last symbolic link is not followed, e a name that is made or goes, t what a
	// symbolic link will hold, f flags.
	roles string
	class record.Class // if it succeeds; "" is for those that succeed in several ways
	do    func(*operation)
}

const (
	looks    = record.ClassProbe
	metadata = record.ClassMetadata
	creates  = record.ClassCreate
	deletes  = record.ClassDelete
)

// shapes are all calls that name files, readlink(2) aside: where a symbolic link leads
// is of interest when it is followed.
var shapes = func() map[string]shape {
	all := maps.Clone(special)
	for class, calls := range plain {
		for name, roles := range calls {
			all[name] = shape{roles, class, (*operation).plain}
		}
	}
	return all
}()

// plain are the calls with one path that do one thing.
var plain = map[record.Class]map[string]string{
	looks: {
		"stat": "p", "stat64": "p", "lstat": "l", "lstat64": "l", "newfstatat": "dp-f", "fstatat64": "dp-f", "statx": "dpf",
		"statfs": "p", "statfs64": "p", "access": "p", "faccessat": "dp", "faccessat2": "dp-f",
		"getxattr": "p", "lgetxattr": "l", "listxattr": "p", "llistxattr": "l", "inotify_add_watch": "-p",
	},
	metadata: {
		"chmod": "p", "fchmod": "D", "fchmodat": "dp", "fchmodat2": "dp-f",
		"chown": "p", "lchown": "l", "fchown": "D", "fchownat": "dp--f",
		"chown32": "p", "lchown32": "l", "fchown32": "D",
		"utime": "p", "utimes": "p", "futimesat": "dp", "utimensat": "dp-f", "utimensat_time64": "dp-f",
		"setxattr": "p", "lsetxattr": "l", "fsetxattr": "D", "removexattr": "p", "lremovexattr": "l", "fremovexattr": "D",
	},
}

var special = map[string]shape{
	"chdir":     {"p", looks, (*operation).chdir},
	"fchdir":    {"D", looks, (*operation).chdir},
	"open":      {"pf", "", (*operation).open},
	"openat":    {"dpf", "", (*operation).open},
	"openat2":   {"dpf", "", (*operation).open},
	"creat":     {"p", "", (*operation).creat},
	"truncate":  {"p", record.ClassWrite, (*operation).plain},
	"mkdir":     {"e", creates, (*operation).mkdir},
	"mkdirat":   {"de", creates, (*operation).mkdir},
	"mknod":     {"e", creates, (*operation).mknod},
	"mknodat":   {"de", creates, (*operation).mknod},
	"symlink":   {"te", creates, (*operation).symlink},
	"symlinkat": {"tde", creates, (*operation).symlink},
	"unlink":    {"e", deletes, (*operation).unlink},
	"unlinkat":  {"def", deletes, (*operation).unlink},
	"rmdir":     {"e", deletes, (*operation).unlink},
	"link":      {"le", record.ClassLink, (*operation).link},
	"linkat":    {"dldef", record.ClassLink, (*operation).link},
	"rename":    {"ee", record.ClassRename, (*operation).rename},
	"renameat":  {"dede", record.ClassRename, (*operation).rename},
	"renameat2": {"dedef", record.ClassRename, (*operation).rename},
	"execve":    {"p", record.ClassExecute, (*operation).execute},
	"execveat":  {"dp--f", record.ClassExecute, (*operation).execute},
}

// plain notes what succeeded or failed, and changes no name.
func (o *operation) plain() { o.succeeded(o.shape.class) }

// succeeded tells whether the call did, and notes what it did.
func (o *operation) succeeded(class record.Class) bool {
	if o.call.Errno != 0 {
		o.failed()
		return false
	}
	o.check()
	var to found
	if len(o.found) > 1 {
		to = o.found[1]
	}
	o.tell(class, o.found[0], to)
	return true
}

func (o *operation) chdir() {
	if o.call.Errno == 0 {
		*o.by.dir = o.found[0].path
	}
	if o.call.Name == "chdir" {
		o.plain()
	}
}

func (o *operation) make(n node) {
	if o.succeeded(creates) {
		o.Tree.set(o.found[0].path, n)
	}
}

func (o *operation) mkdir()   { o.make(node{kind: directory}) }
func (o *operation) mknod()   { o.make(node{kind: file}) }
func (o *operation) symlink() { o.make(node{link, o.text}) }

func (o *operation) unlink() {
	if o.succeeded(deletes) {
		o.Tree.set(o.found[0].path, node{})
	}
}

func (o *operation) link() {
	if o.succeeded(record.ClassLink) {
		o.Tree.set(o.found[1].path, o.Tree.at(o.found[0].path))
	}
}

func (o *operation) rename() {
	if o.succeeded(record.ClassRename) {
		o.Tree.move(o.found[0].path, o.found[1].path)
	}
}

func (o *operation) creat() {
	o.flags = "O_WRONLY|O_CREAT|O_TRUNC"
	o.open()
}

func (o *operation) open() {
	if o.call.Errno != 0 {
		o.failed()
		return
	}
	f := o.found[0]
	class := o.opened(f)
	o.succeeded(class)
	switch {
	case class == creates:
		o.Tree.set(f.path, node{kind: file})
	case class == record.ClassWrite && has(o.flags, "O_RDWR") && !has(o.flags, "O_TRUNC"):
		o.tell(record.ClassRead, f, found{})
	}
}

// opened is what a successful open did.
func (o *operation) opened(f found) record.Class {
	switch {
	case has(o.flags, "O_PATH"), has(o.flags, "O_TMPFILE"):
		return looks
	case f.errno == syscall.ENOENT:
		return creates
	case has(o.flags, "O_WRONLY"), has(o.flags, "O_RDWR"), has(o.flags, "O_TRUNC"):
		return record.ClassWrite
	case f.kind == directory, has(o.flags, "O_DIRECTORY"):
		return record.ClassEnumerate
	}
	return record.ClassRead
}

// execute changes whose accesses they are before they are told.
func (o *operation) execute() {
	if o.call.Errno != 0 {
		o.failed()
		return
	}
	o.by.program = o.found[0].path
	o.succeeded(record.ClassExecute)
	for _, name := range o.Interpreters(o.by.program) {
		o.tell(record.ClassExecute, o.Tree.resolve("/", name, true), found{})
	}
}

package overlay

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// ErrOwner says that an owner, or an attribute that only root may set, cannot
// be had by an ordinary user.
var ErrOwner = errors.New("only root can set it")

// ownership sets owners, modes and attributes.
type ownership struct {
	ignore bool // leave what only root may set
	root   bool
}

// set makes them those of st. The order is that of what the kernel takes away: a
// change of owner drops set-user-ID and capabilities, a mode is part of an ACL.
func (o ownership) set(h handle, st *Stat) error {
	left, err := o.owner(h.fd, st)
	if err != nil {
		return err
	}
	if !st.isLink() {
		mode := st.Mode & 0o7777
		if left {
			mode &^= unix.S_ISUID | unix.S_ISGID // they would be another's
		}
		if err := h.chmod(mode); err != nil {
			return named("chmod", err)
		}
	}
	return o.xattrs(h, st.Xattrs)
}

// owner sets it, and tells whether another one was left.
func (o ownership) owner(fd int, st *Stat) (left bool, err error) {
	if st.implied && !o.root {
		return false, nil // nobody asked for it
	}
	var have unix.Stat_t
	if err := unix.Fstat(fd, &have); err != nil {
		return false, named("stat", err)
	}
	if have.Uid == st.UID && have.Gid == st.GID {
		return false, nil
	}
	err = unix.Fchownat(fd, "", int(st.UID), int(st.GID), unix.AT_EMPTY_PATH)
	if o.denied(err) {
		if o.ignore {
			return true, nil
		}
		return false, fmt.Errorf("owner %d:%d: %w", st.UID, st.GID, ErrOwner)
	}
	return false, named("chown", err)
}

// denied tells errors of what only root may do: EINVAL is of an id that the user
// namespace does not have.
func (o ownership) denied(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL)
}

// xattrs sets those that are wanted and removes others: an ACL comes from the
// directory's default.
func (o ownership) xattrs(h handle, want map[string][]byte) error {
	have, err := h.listXattrs()
	if err != nil {
		return err
	}
	for _, name := range have {
		if _, keep := want[name]; keep || !removable(name) {
			continue
		}
		if err := unix.Removexattr(h.path(), name); err != nil && !errors.Is(err, unix.ENODATA) {
			return named("removexattr "+name, err)
		}
	}
	for name, value := range want {
		if err := o.xattr(h.path(), name, value); err != nil {
			return err
		}
	}
	return nil
}

// removable leaves what a security module labels files with.
func removable(name string) bool {
	return strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "system.posix_acl_") || name == "security.capability"
}

func (o ownership) xattr(path, name string, value []byte) error {
	buf := make([]byte, len(value)+1)
	if n, err := unix.Getxattr(path, name, buf); err == nil && bytes.Equal(buf[:n], value) {
		return nil
	}
	err := unix.Setxattr(path, name, value, 0)
	if o.denied(err) && !strings.HasPrefix(name, "user.") && !o.root {
		if o.ignore {
			return nil
		}
		return fmt.Errorf("attribute %s: %w", name, ErrOwner)
	}
	return named("setxattr "+name, err)
}

// handle is a file that is open, or a descriptor of its name only (O_PATH), for
// which the kernel takes /proc/self/fd instead.
type handle struct {
	fd   int
	open bool
}

func (h handle) path() string { return sys.FDPath(h.fd) }

func (h handle) chmod(mode uint32) error {
	if h.open {
		return unix.Fchmod(h.fd, mode)
	}
	return unix.Chmod(h.path(), mode)
}

func (h handle) listXattrs() ([]string, error) {
	buf, err := growing(func(buf []byte) (int, error) {
		if h.open {
			return unix.Flistxattr(h.fd, buf)
		}
		return unix.Listxattr(h.path(), buf)
	})
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	return strings.FieldsFunc(string(buf), func(r rune) bool { return r == 0 }), named("listxattr", err)
}

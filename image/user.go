package image

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Credentials are a user and groups by number.
type Credentials struct {
	UID, GID int
	Groups   []int  // supplementary groups; nil: none
	Home     string // the user's home directory; "" if /etc/passwd does not tell
}

// Credentials looks the command's user and group up in the root filesystem
// root: a name or a number of its /etc/passwd and /etc/group, else a number as
// it is, else a path, whose owner and group are taken. noted are the owners that
// could not be set when the image was unpacked; nil: the disk tells.
func (c Command) Credentials(root string, noted []Noted) (Credentials, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return Credentials{}, err
	}
	defer r.Close()
	l := lookup{root: r, noted: noted}
	cred, err := l.user(c.User)
	if err != nil {
		return Credentials{}, fmt.Errorf("user %q: %w", c.User, err)
	}
	if c.Group != "" {
		if cred.GID, err = l.group(c.Group); err != nil {
			return Credentials{}, fmt.Errorf("group %q: %w", c.Group, err)
		}
	}
	cred.Groups = append(cred.Groups, c.SupplementaryGIDs...)
	return cred, nil
}

type lookup struct {
	root  *os.Root
	noted []Noted
}

// maxID is the largest number that is an id: the one above means none (chown(2)).
const maxID = 1<<32 - 2

func number(s string) (int, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return int(n), err == nil && n >= 0 && n <= maxID
}

func (l lookup) user(name string) (Credentials, error) {
	if name == "" {
		name = "0"
	}
	if strings.HasPrefix(name, "/") {
		uid, gid, err := l.owner(name)
		return Credentials{UID: uid, GID: gid}, err
	}
	// name:password:UID:GID:comment:home:shell (passwd(5))
	line, err := l.find("etc/passwd", 6, func(f []string) bool { return f[0] == name || f[2] == name })
	if err != nil {
		return Credentials{}, err
	}
	if line == nil {
		if uid, ok := number(name); ok {
			return Credentials{UID: uid}, nil
		}
		return Credentials{}, errors.New("the image's /etc/passwd does not have it, and it is no number")
	}
	return l.entry(line)
}

func (l lookup) entry(line []string) (Credentials, error) {
	uid, ok := number(line[2])
	gid, ok2 := number(line[3])
	if !ok || !ok2 {
		return Credentials{}, fmt.Errorf("the image's /etc/passwd has the ids %q and %q, which are no numbers", line[2], line[3])
	}
	groups, err := l.memberOf(line[0])
	return Credentials{UID: uid, GID: gid, Groups: groups, Home: line[5]}, err
}

func (l lookup) group(name string) (int, error) {
	if strings.HasPrefix(name, "/") {
		_, gid, err := l.owner(name)
		return gid, err
	}
	// name:password:GID:members (group(5))
	line, err := l.find("etc/group", 3, func(f []string) bool { return f[0] == name || f[2] == name })
	if err != nil {
		return 0, err
	}
	id := name
	if line != nil {
		id = line[2]
	}
	if gid, ok := number(id); ok {
		return gid, nil
	}
	return 0, errors.New("the image's /etc/group does not have it, and it is no number")
}

// memberOf are the groups that have the user among their members.
func (l lookup) memberOf(user string) ([]int, error) {
	var groups []int
	_, err := l.find("etc/group", 4, func(f []string) bool {
		if gid, ok := number(f[2]); ok && slices.Contains(strings.Split(f[3], ","), user) {
			groups = append(groups, gid)
		}
		return false
	})
	return groups, err
}

// find is the first line, with at least so many fields, that match likes; nil
// if none does, or there is no such file. What the file is a link to is looked
// at within the root only.
func (l lookup) find(name string, fields int, match func([]string) bool) ([]string, error) {
	fi, err := l.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("the image's /%s is not a regular file", name)
	}
	f, err := l.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := strings.Split(lines.Text(), ":"); len(line) >= fields && match(line) {
			return line, nil
		}
	}
	return nil, lines.Err()
}

func (l lookup) owner(path string) (uid, gid int, err error) {
	name := strings.TrimLeft(path, "/")
	for _, n := range l.noted {
		if n.Path == name {
			return n.UID, n.GID, nil
		}
	}
	fi, err := l.root.Lstat(name)
	if err != nil {
		return 0, 0, bare(err)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, errors.ErrUnsupported
	}
	return int(st.Uid), int(st.Gid), nil
}

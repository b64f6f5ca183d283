package catbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/user"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/policy"
)

// addFiles adds the files that a root filesystem has from the host, as programs
// expect it of schroot(1) and systemd-nspawn(1): the caller has a name, and names
// of hosts are found where the run has the host's network.
func (p *plan) addFiles() {
	if !p.root && p.cmd.FakeRoot == nil {
		p.addUser()
	}
	if p.cmd.Policy.Network() == policy.NetworkHost {
		if data, err := os.ReadFile("/etc/resolv.conf"); err == nil {
			p.addFile("/etc/resolv.conf", data)
		}
	}
}

// addFile puts the file in the place of that in the tree. One of which the
// directory is not there is left out: nobody looks for it.
func (p *plan) addFile(name string, data []byte) {
	target, err := p.tree.canonical(name)
	if err != nil || !p.tree.isDir(path.Dir(target)) {
		return
	}
	p.files = append(p.files, namespace.File{Path: target, Data: data})
}

// addUser gives the caller's user and group their names, unless the tree has some.
func (p *plan) addUser() {
	u, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return // the host has no name either
	}
	p.addLine("/etc/passwd", u.Uid, fmt.Sprintf("%s:x:%s:%s:%s:%s:/bin/sh\n", u.Username, u.Uid, u.Gid, u.Name, u.HomeDir))
	if g, err := user.LookupGroupId(u.Gid); err == nil {
		p.addLine("/etc/group", g.Gid, fmt.Sprintf("%s:x:%s:\n", g.Name, g.Gid))
	}
}

// addLine adds a line to a database of the tree's (passwd(5), group(5)), unless
// there is one for the id, or for the name, which belongs to somebody else then.
func (p *plan) addLine(file, id, line string) {
	canonical, err := p.tree.canonical(file)
	if err != nil {
		return
	}
	source, there := p.tree.host(canonical)
	data, err := readRegular(source)
	if err != nil || !there || strings.ContainsAny(line[:len(line)-1], "\n") {
		return
	}
	name, _, _ := strings.Cut(line, ":")
	for have := range bytes.Lines(data) {
		fields := strings.Split(string(have), ":")
		if len(fields) > 2 && (fields[2] == id || fields[0] == name) {
			return
		}
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	p.addFile(file, append(data, line...))
}

// databaseSize is the most that is read of a database, in bytes.
const databaseSize = 1 << 20

// readRegular reads a file of a tree that may be hostile: no symbolic link, nothing
// that could block or has no end.
func readRegular(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	st, err := f.Stat()
	if err == nil && (!st.Mode().IsRegular() || st.Size() > databaseSize) {
		err = unix.EINVAL
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, databaseSize))
}

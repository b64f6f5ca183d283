package idmap

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Overflow is what the kernel shows of an id that a user namespace does not have
// (proc_sys_kernel(5), overflowuid and overflowgid, by default). A namespace may have it, too.
const Overflow = 65534

// Map are the extents of a uid_map or gid_map.
type Map []syscall.SysProcIDMap

// Read reads a file like /proc/PID/uid_map. What cannot be read has no ids.
func Read(path string) Map {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return parse(string(data))
}

// parse takes lines of three numbers: first id inside, first outside, how many.
// A line that is anything else makes it none.
func parse(text string) Map {
	var m Map
	for line := range strings.Lines(text) {
		var e syscall.SysProcIDMap
		if _, err := fmt.Sscan(line, &e.ContainerID, &e.HostID, &e.Size); err != nil {
			return nil
		}
		m = append(m, e)
	}
	return m
}

// Has tells whether there is such an id in the namespace.
func (m Map) Has(id int64) bool {
	return slices.ContainsFunc(m, func(e syscall.SysProcIDMap) bool {
		return id >= int64(e.ContainerID) && id-int64(e.ContainerID) < int64(e.Size)
	})
}

// Inside is an id of the parent namespace as this one has it.
func (m Map) Inside(outside uint32) (id uint32, ok bool) {
	for _, e := range m {
		if n := int64(outside) - int64(e.HostID); n >= 0 && n < int64(e.Size) {
			return uint32(int64(e.ContainerID) + n), true
		}
	}
	return 0, false
}

// String is what is written to a uid_map or gid_map.
func (m Map) String() string {
	var text strings.Builder
	for _, e := range m {
		fmt.Fprintf(&text, "%d %d %d\n", e.ContainerID, e.HostID, e.Size)
	}
	return text.String()
}

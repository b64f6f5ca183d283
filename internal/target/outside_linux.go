package target

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Outside begins the canonical path of a file that is on none of the run's
// mounts, as far as a View looks: the command was given a descriptor of it. What
// follows is the path on the host, and says nothing about the run's tree.
const Outside = "outside:"

// TellOutside has the view tell what is not on a mount of the process's mount
// namespace, which must be complete.
func (v *View) TellOutside(pid int) error {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		return err
	}
	v.mounts = map[uint64]bool{}
	for line := range bytes.Lines(data) { // proc_pid_mountinfo(5): the id comes first
		text, _, _ := bytes.Cut(line, []byte(" "))
		id, err := strconv.ParseUint(string(text), 10, 64)
		if err != nil {
			return fmt.Errorf("mountinfo of process %d: %w", pid, err)
		}
		v.mounts[id] = true
	}
	return nil
}

// outside tells whether an open file is on none of the run's mounts.
func (v *View) outside(fd int) bool {
	if v.mounts == nil {
		return false
	}
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st)
	return err != nil || st.Mask&unix.STATX_MNT_ID == 0 || !v.mounts[st.Mnt_id]
}

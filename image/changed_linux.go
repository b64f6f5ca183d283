package image

import "syscall"

// changed is when the inode was last changed.
func changed(st *syscall.Stat_t) syscall.Timespec { return st.Ctim }

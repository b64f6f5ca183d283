package abi

// Change says what a call of the class Write does, whatever its generation and
// however it names the file.
type Change uint8

const (
	Mkdir Change = iota + 1
	Mknod
	Symlink
	HardLink
	// Unlink is rmdir as well.
	Unlink
	Rename
	Truncate

	// From here on it is metadata.

	Chmod
	Chown
	Utime
	Setxattr
	Removexattr
	// Setattr sets what FS_IOC_FSSETXATTR sets.
	Setattr

	// Changes is one more than the last.
	Changes
)

// Metadata tells whether it is metadata that is changed, which Landlock does
// not see (landlock(7)).
func (c Change) Metadata() bool { return c >= Chmod }

// change is a row of the class Write, as it is written in the table's files.
type change struct {
	name   string
	args   [6]Role
	change Change
	note   string
}

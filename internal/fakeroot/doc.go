// Package fakeroot is the state of a fake root: what a command has been told
// about owners, modes, devices and extended attributes that are not on disk.
//
// It maps an inode, as [ID], to what was noted of it, as [Entry], and reads and
// writes files of it: a journal of its own, which loses nothing that was
// answered, the text of fakeroot(1), and a manifest for people and packages.
// It makes no system call but those for these files and looks at no inode
// itself; who uses it says which inode it means and what to note.
//
// Its invariant: an entry lives as long as its inode does. One that is looked
// up with another birth time belonged to an inode that is gone, and is dropped.
package fakeroot

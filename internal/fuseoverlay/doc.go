// Package fuseoverlay mounts overlays by fuse-overlayfs(1), for hosts where the
// kernel's overlayfs cannot be had.
//
// The server runs outside of any run, as the user: a command reaches it by the
// file system alone. It is mounted where the host has it, by fusermount3(1), as
// what is mounted in a user namespace cannot be handed to another one.
//
// The invariant: the mount ends with [Server.Close], or with the process.
package fuseoverlay

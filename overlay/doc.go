// Package overlay is what is done with a directory that holds the changes of
// commands to a root that they saw as writable: tell them, show them as a diff,
// make them so, throw them away, or lay out what is new as a tree.
//
// It mounts nothing: who runs a command makes the directory with [Create],
// mounts [Overlay.Upper] and [Overlay.Work] over the root as overlayfs with the
// option userxattr does it
// (https://docs.kernel.org/filesystems/overlayfs.html), and calls
// [Overlay.Settle] afterwards. docs/overlays.md has the layout.
//
// Its invariants: nothing that the root has is changed but by
// [Overlay.Commit], and that changes all that it was asked for or nothing,
// whenever it is ended. No symbolic link of the root or of the overlay is
// followed on the way to a file.
package overlay

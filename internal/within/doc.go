// Package within starts a command inside of what another program has set up: a
// root, mounts and namespaces that bwrap(1) or chroot(2) made. That program is told
// to execute this one again, the inner process, by a descriptor (its path need not be
// in the other root). The inner process puts Landlock and the filter on one of its
// threads, hands the filter's listener over, and starts the command from that
// thread. Then it reaps, and ends with the command what the command has left.
//
// It does for another program's walls what package stage does for catbox's own,
// and has the same invariant: the command is executed only after every step succeeded.
package within

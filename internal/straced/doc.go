// Package straced reads what `strace -f -y` printed of a run, into the accesses of a
// record: which program did what with which path. It is there to be compared
// with what catbox records of the same run, so it shares nothing with the
// recorder but the classes: calls are known by their text, processes by the
// results of clone(2), and symbolic links by a model of the tree.
package straced

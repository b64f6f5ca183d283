// Package target looks into a process of a run while one of its system calls
// is held: its memory, its directories, a path as it sees it.
//
// What is read is true at the time of reading and no longer: the process can
// change its memory, and die, and its id can be given to another. A caller
// checks that the call is still held after every look and before it acts, and
// decides on descriptors that it has opened, not on strings that it has read.
package target

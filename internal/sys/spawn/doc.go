// Package spawn starts this program again as the first process of a run.
//
// It needs package syscall and nothing else, so that Go sets it up among the first
// ("Program initialization" in the language's specification): a program that knows
// that it will need that process can Begin it while the rest of the program is
// still being set up. The two starts, of which each takes as long as the namespaces
// do, then happen at the same time.
package spawn

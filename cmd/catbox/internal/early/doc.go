// Package early begins, while the rest of the program is still being set up, what
// most calls of catbox run need: the first process of the run. A program has it by importing it.
//
// It imports next to nothing, so that Go sets it up among the first. See package spawn.
package early

// Package abi is the system call table: what each call is named, what its
// arguments are, what it does to others, and its number on each architecture.
//
// One row a name is the single source of truth. The filter, the decoder, the
// recorder and the manual come from it; none of them keeps a list of its own.
// The numbers are generated from golang.org/x/sys (go generate), for all
// architectures at once, because a 386 program runs under an amd64 catbox.
//
// The invariant: every number of every architecture has exactly one row, and so
// exactly one class. A number without a row is unknown and must be refused.
//
// The package decides nothing. What is done with a class is the filter's
// (internal/seccomp) and the supervisor's.
package abi

//go:generate go run ./gen -o znumbers.go

// Package seccomp makes the filter of system calls, loads it, and speaks the
// notification protocol of seccomp_unotify(2).
//
// Rules turns what is wanted (Options) and the table of internal/abi into rules;
// Compile turns rules into a program; Install puts it on the calling thread.
//
// What the filter promises, whatever the rules: an architecture that it was not
// compiled for, a number that has no row in the table, a negative one and one of
// x32 get ENOSYS. Its own answers rest on registers only, which no other
// thread can change. What is in memory is for whoever has the listener.
package seccomp

//go:generate go test -run ^TestManualPage$ -update .

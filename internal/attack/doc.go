// Package attack holds hostile programs, and tests that they get nowhere.
//
// Each row of the catalogue is run in three arms. The control arm runs the
// program unconfined: it must succeed, or the row proves nothing. The attack arm
// runs it confined: it must fail. The benign twin does the same where the policy
// allows it: it must succeed, or the sandbox passes by breaking everything.
// What came of it is read from outside: a snapshot of the files, listeners that
// must have heard nothing, the limits of a process that must not have changed.
// Only rows about the filter alone believe the program, which passes bad
// pointers and tells whether the kernel looked at them.
//
// The arms are run under several policies and on hosts with and without
// namespaces: see mode. The program in mutate takes the guards of the sandbox out
// one at a time, and demands that a row notices.
//
// The tests are for amd64, which has calls of every generation and those of
// 32-bit programs.
package attack

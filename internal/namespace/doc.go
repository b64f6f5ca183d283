// Package namespace sets up what a run sees: its mounts, its /proc and /dev,
// its loopback, as a list of named steps.
//
// A [Plan] is data: the caller fills it in, the first process of the run,
// which is in new namespaces and has capabilities there, carries it out before
// the command starts. Nothing is mounted outside of the new mount namespace,
// so nothing is left when the run ends.
package namespace

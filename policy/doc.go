// Package policy says what a command may do, as a value.
//
// A [Policy] holds rules on canonical paths, the network, the destinations
// that may be connected to, and what happens on a violation. Its zero value
// allows nothing. Methods return copies, so that a policy can be shared and
// extended. The package is pure: it opens no file and asks no kernel.
// Resolving the paths of the rules, and putting them into mounts, Landlock
// rules and a filter, is the work of others.
package policy

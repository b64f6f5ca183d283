// Package supervisor receives the calls that a run's filter holds, decides on
// them by the policy, answers them, and tells what was refused.
//
// It works in one of two ways, chosen for each kind of call. Where a wall of
// the kernel holds exactly what the policy says, the supervisor explains: it
// looks where the path leads, refuses with an errno that programs expect, and
// otherwise lets the call continue, with the wall behind it. Where no wall is
// as exact as the policy (a regular expression, a path that does not exist
// yet, a unix socket of the host), it does the call itself, on descriptors that
// it has opened and decided on, and hands over the result; such a call is never
// continued after its arguments were read from memory.
//
// Each place that continues a call says which wall is behind it. Whatever goes
// wrong, a call is refused.
package supervisor

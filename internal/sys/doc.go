// Package sys holds the system calls that golang.org/x/sys lacks, one function
// a call, with Go types in and out. It and its package spawn are the only home of unsafe. Errors name
// the call, except on the hot path of the supervisor, where they are the bare
// errno. None of these calls is interrupted by signals in a way that its
// caller would have to make it again, but NotifyReceive, which says so.
package sys

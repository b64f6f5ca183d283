// Package conform tests that a program cannot tell whether it runs confined,
// as long as it does what it may.
//
// Its tests run small programs, each once natively and once in every way in
// which catbox does or judges a call: by the kernel after a look (explain), by
// the supervisor (mediate), and without namespaces (tier 2). A program does a
// list of system calls and tells what each returned and what became of the
// files; the caller looks at the files too. All of it has to be the same, but
// for [Differences].
package conform

// Package features tells what this host allows, found out by trying.
//
// Each probe does a small version of the act that a confined run needs and looks at the effect; no kernel version and
// no configuration file decides. Vendors backport, containers filter and security modules refuse, and some report what
// they do not have. A probe answers in one of three ways:
//
//   - nil: it works here;
//   - an error that is errors.ErrUnsupported: it does not work here. The error wraps the errno, when there was one;
//   - another error: the probe could not find out, for example because memory or descriptors were short.
//
// Only the first two are remembered for the life of the process. On systems other than Linux, every probe answers
// errors.ErrUnsupported.
//
// # What a probe may do to its caller: nothing
//
// What changes a thread (a Landlock domain, a filter) is tried on an OS thread that ends with the probe. What changes
// more is tried in a child. Two kinds of children exist: one that is forked with the namespaces in question and whose
// exec is made to fail, which takes half a millisecond and needs no program; and one that runs this program again as
// "catbox-probe NAME", which takes two. The second kind needs a main function that calls [RunChild] first, as
// catbox.Init does; a program that forgets is told so.
//
// A filter that the caller is already under and that kills instead of refusing also kills here: nothing in the kernel
// tells which calls such a filter would let through.
package features

// Package executor isolates a command in one of several ways behind one
// interface: by catbox itself (native, and landlock without namespaces), by
// the programs bubblewrap and linux-user-chroot, and by chroot(2), which any
// POSIX system has.
//
//	e, err := executor.ForPlatform(func(text string) { log.Print(text) })
//	...
//	spec := executor.MaximumIsolation(e)
//	spec.Command = []string{"make", "install"}
//	spec.Root = "/srv/root"
//	spec.Writable = executor.WritableOnly("/build")
//	result, err := e.Run(ctx, spec)
//
// A [Spec] means the same to every executor. What one of them cannot do it
// refuses with an [UnsupportedError] before anything has run; [Degrade] gives
// such parts of a Spec up, and says which. What an executor can do here is
// asked of the host by [Executor.Capabilities].
//
// Inside of bubblewrap and chroot catbox can stand in front of the command, to tell what it
// is denied, to record it, or to have it be root without being it: see [Supervised].
//
// Only native promises security (docs/security.md). The others keep a build
// from what it should not use by mistake.
package executor

// Package catbox runs a command so that it can do only what it was given, and
// tells what it did.
//
//	func main() {
//		catbox.Init() // first: the confined child is this program again
//		c := catbox.Command("make")
//		c.Policy = c.Policy.Allow(policy.Write, "/home/me/src")
//		c.Stdout, c.Stderr = os.Stdout, os.Stderr
//		err := c.Run()
//		for _, v := range c.Result().Violations {
//			fmt.Println(v) // denied write /etc/passwd (openat by cc1, pid 71)
//		}
//	}
//
// The kernel enforces: namespaces, mounts, Landlock and a seccomp filter are
// set up before the command starts. The supervisor, in the calling process,
// explains: it gets the calls that matter, decides by the same policy, and
// reports what is refused. docs/security.md says what is promised and what is not.
package catbox

package conform

// int80 makes a 32-bit system call, of which the arguments have to fit, and
// returns what it returns.
func int80(nr, a, b, c, d, e uintptr) int

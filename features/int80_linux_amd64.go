package features

const canInt80 = true

// int80 makes a 32-bit system call without arguments and returns what it returns.
func int80(nr int) int

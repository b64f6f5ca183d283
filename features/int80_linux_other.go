//go:build linux && !amd64

package features

const canInt80 = false

// int80 is never called where canInt80 is false; its answer is that of a kernel without the call.
func int80(int) int { return -38 }

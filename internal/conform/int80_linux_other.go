//go:build !amd64

package conform

// int80: there are no such calls here (ENOSYS).
func int80(_, _, _, _, _, _ uintptr) int { return -38 }

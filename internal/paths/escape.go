package paths

import (
	"strconv"
	"strings"
)

// Unescape undoes the \ and three octal digits that stand for a byte in a field of
// fstab(5) and of mountinfo (proc_pid_mountinfo(5)): \040 is a space.
func Unescape(field string) string {
	var b strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '\\' && i+3 < len(field) {
			if n, err := strconv.ParseUint(field[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(field[i])
	}
	return b.String()
}

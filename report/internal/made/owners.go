package made

import "strings"

// Owners are the packages of the made-up build.
type Owners struct{}

// Owner returns the package of a path, "" if it is of none.
func (Owners) Owner(path string) string {
	for _, row := range [][2]string{
		{"/usr/include/zlib.h", "zlib1g-dev"}, {"/usr/lib/x86_64-linux-gnu/libz.so", "zlib1g-dev"},
		{"/usr/include/openssl/", "libssl-dev"}, {"/usr/include/", "libc6-dev"}, {"/usr/libexec/gcc/", "cpp-12"},
		{"/usr/bin/x86_64-linux-gnu-gcc", "gcc-12"}, {"/usr/bin/x86_64-linux-gnu-", "binutils"}, {"/usr/bin/make", "make"},
		{"/usr/bin/dash", "dash"}, {"/usr/bin/sed", "sed"}, {"/usr/bin/install", "coreutils"}, {"/usr/lib/x86_64-linux-gnu/", "libc6"},
	} {
		if strings.HasPrefix(path, row[0]) {
			return row[1]
		}
	}
	return ""
}

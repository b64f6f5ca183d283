package executor

import (
	"slices"
	"strings"
)

// basePath has the directories of a usual system, those of the administrator
// first, as sandboxlib had them.
const basePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// defaultPath is where programs are looked for if the environment has no PATH
// (execvp(3), glibc 2.24 and later).
const defaultPath = "/bin:/usr/bin"

// BaseEnvironment returns the environment of a command for which none is given:
// a PATH.
func BaseEnvironment() []string { return []string{"PATH=" + basePath} }

// EnvironmentVars returns BaseEnvironment with the entries of extra, each
// "key=value", added. The last entry of a key counts.
func EnvironmentVars(extra ...string) []string {
	env := BaseEnvironment()
	for _, e := range extra {
		key, _, _ := strings.Cut(e, "=")
		env = slices.DeleteFunc(env, func(old string) bool { return strings.HasPrefix(old, key+"=") })
		env = append(env, e)
	}
	return env
}

// pathOf returns the directories in which env has programs looked for.
func pathOf(env []string) []string {
	path := defaultPath
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, "PATH="); ok {
			path = value
		}
	}
	return strings.Split(path, ":")
}

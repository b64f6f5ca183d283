package features

import (
	"fmt"
	"os"
)

// children are what a child can do. Each runs alone in its process and may change it in every way.
var children = map[string]func(reply *os.File) error{
	"tmpfs":        quietly(childTmpfs),
	"readonly":     quietly(childReadOnly),
	"overlay":      quietly(childOverlay),
	"proc":         quietly(childProc),
	"loopback":     quietly(childLoopback),
	"scope-signal": quietly(childScopeSignal),
	"386":          quietly(child386),
	"look":         childLook,
	"wait":         childWait,
}

// RunChild is the child's side of a probe. Init of the library calls it when os.Args[0] is "catbox-probe", with the
// arguments after that, and exits with what it returns. It must come before anything else that main does.
func RunChild(args []string) int {
	if len(args) != 1 || children[args[0]] == nil {
		return 125 // whose descriptors these are is not known: an os.File would close one in the end
	}
	reply := os.NewFile(replyFD, "reply")
	if reply == nil {
		return 125
	}
	if _, err := fmt.Fprintln(reply, lineStarted); err != nil {
		return 125
	}
	if _, err := fmt.Fprintln(reply, encode(children[args[0]](reply))); err != nil {
		return 125
	}
	return 0
}

// quietly is for a child that says nothing before its answer.
func quietly(f func() error) func(*os.File) error {
	return func(*os.File) error { return f() }
}

//go:build linux

// Fakecheck checks, one behaviour at a time, that a process that believes to be
// root gets what root gets: ids, owners, modes, devices, extended attributes.
//
//	fakecheck [-dir DIR] [NAME...]      run the checks, or these; chown- is all that begin so
//	fakecheck -list                     their names
//	fakecheck -outside -dir DIR         do what a check asks for from outside, until DIR is gone
//
// Every expected value is what real root gets on the same file system (ext4 and
// the like, not mounted nosuid or nodev): run by real root, all checks are ok,
// and that is the test of the list. It knows nothing of any fake root. It makes
// system calls of its own (a static Go program), so it finds what is done in
// the C library only; c/libc.c is for the C library's side.
//
// Each check runs in a process of its own, in a fresh directory.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// check is one behaviour. The function panics with a failure.
type check struct {
	name string
	run  func()
}

// checks are in the order of the rules: who one is, who owns what, what kinds
// of files there are, what root may do, and what becomes of it all.
var checks = slices.Concat(
	identityChecks, capabilityChecks, privilegeChecks, readerChecks, chownChecks, chmodChecks, umaskChecks, mknodChecks,
	mayChecks, timeChecks, inodeChecks, renameChecks, linkChecks, setgidChecks,
	xattrChecks, trustedChecks, aclChecks, openChecks, chrootChecks, execChecks, setuidChecks,
	ringChecks, descriptorChecks,
)

func main() {
	if len(os.Args) > 1 {
		play(os.Args[1], os.Args[2:])
	}
	var (
		dir     = flag.String("dir", os.TempDir(), "make the checks' directories in `DIR`; all its parents can be searched by others")
		list    = flag.Bool("list", false, "print the names")
		outside = flag.Bool("outside", false, "do what the checks in -dir ask for from outside")
	)
	flag.Parse()
	switch {
	case *list:
		for _, c := range checks {
			fmt.Println(c.name)
		}
	case *outside:
		serveOutside(*dir)
	default:
		os.Exit(runAll(*dir, flag.Args()))
	}
}

// wanted knows names, and beginnings that end with a dash.
func wanted(name string, chosen []string) bool {
	return len(chosen) == 0 || slices.ContainsFunc(chosen, func(c string) bool {
		return name == c || strings.HasSuffix(c, "-") && strings.HasPrefix(name, c)
	})
}

// runAll prints a line for each check and the count, and returns the exit status.
func runAll(dir string, chosen []string) int {
	passed, failed := 0, 0
	for _, c := range checks {
		if !wanted(c.name, chosen) {
			continue
		}
		if c.name == outsideName && !somebodyOutside(dir) {
			fmt.Printf("left out %s: no fakecheck -outside -dir %s\n", c.name, dir)
			continue
		}
		if why := runApart(dir, c.name); why != "" {
			failed++
			fmt.Printf("FAILED %s: %s\n", c.name, why)
			continue
		}
		passed++
		fmt.Printf("ok %s\n", c.name)
	}
	fmt.Printf("%d checks, %d ok, %d failed\n", passed+failed, passed, failed)
	if failed > 0 || passed == 0 {
		return 1
	}
	return 0
}

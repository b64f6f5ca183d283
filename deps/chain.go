package deps

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/lazyregexp"
)

// interpreters run a script that is their first argument.
var interpreters = lazyregexp.New(`^(sh|bash|dash|ksh|zsh|busybox|perl|ruby|lua|guile|tclsh|python)[0-9.]*$`)

// shells take a command after -c.
var shells = lazyregexp.New(`^(sh|bash|dash|ksh|zsh|busybox)$`)

// programName is what a person calls the program: the name that it was called by, gcc for
// x86_64-linux-gnu-gcc-12; for "sh ./configure" that of the script.
func programName(path string, args []string) (name string, command bool) {
	name = filepath.Base(path)
	if len(args) == 0 {
		return name, false
	}
	if called := filepath.Base(strings.TrimPrefix(args[0], "-")); called != "." && called != "/" {
		name = called
	}
	if script := filepath.Base(path); interpreters.MatchString(name) && !interpreters.MatchString(script) {
		return script, false // #! with another name
	}
	if len(args) < 2 || !interpreters.MatchString(name) {
		return name, false
	}
	if shells.MatchString(name) && strings.HasPrefix(args[1], "-") && strings.HasSuffix(args[1], "c") {
		return name, true
	}
	if !strings.HasPrefix(args[1], "-") {
		return filepath.Base(args[1]), false
	}
	return name, false
}

// chain is the program and those that started it, without shells that did nothing but start
// it, and without repetitions, as of make in make.
func (i *image) chain() []string {
	var names []string
	for p := i.program(); p != nil; p = p.starter() {
		if p.command && len(names) > 0 && p.starter() != nil {
			continue
		}
		if n := len(names); n == 0 || names[n-1] != p.name {
			names = append(names, p.name)
		}
	}
	return names
}

// who is the chain of those that used the path: a program is not executed by itself.
func (i *image) who(path string) []string {
	chain := i.chain()
	if i.path != path || len(chain) == 1 {
		return chain
	}
	return chain[1:]
}

// drivers start the programs that compile, assemble and link.
var drivers = lazyregexp.New(`(^|-)(cc|c\+\+|gcc|g\+\+|clang|clang\+\+|gfortran|gnat|gdc)(-[0-9.]+)?$`)

// made are the object files that came of what the program read: its own, and those of
// its driver's other programs, as the assembler writes what the compiler read.
func (i *image) made() []string {
	driver := i.starter()
	if driver == nil || !drivers.MatchString(driver.name) {
		return i.objects
	}
	if driver.below == nil {
		driver.below = slices.Clone(driver.objects)
		for _, c := range driver.children {
			driver.below = append(driver.below, c.objects...)
		}
	}
	return driver.below
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
)

func TestMain(m *testing.M) {
	catbox.Init() // before testscript looks at the program's name
	// The tests' programs begin with the default action, under nohup(1) too.
	if strings.HasSuffix(os.Args[0], ".test") {
		signal.Notify(make(chan os.Signal, 1), unix.SIGHUP)
	}
	testscript.Main(m, map[string]func(){
		"catbox":   main,
		"fakeroot": main, // by its name
		"look":     look,
	})
}

// look shows of files what stat(1) does with -c '%f %u %g %t %T', as a Go
// program sees it.
func look() {
	for _, path := range os.Args[1:] {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%x %d %d %x %x\n", st.Mode, st.Uid, st.Gid, unix.Major(st.Rdev), unix.Minor(st.Rdev))
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, ContinueOnError: true,
		Setup: plainPath, Condition: condition,
	})
}

// plainPath leaves of PATH the directory that testscript made for catbox, and
// the system's: one that cannot be searched would turn "not found" into
// "permission denied", as execvp(3) has it.
func plainPath(env *testscript.Env) error {
	made, _, _ := strings.Cut(env.Getenv("PATH"), string(filepath.ListSeparator))
	env.Setenv("PATH", made+":/usr/bin:/bin")
	return nil
}

// condition is program:NAME, by which a script is skipped where a program is
// not there, or fuse-overlayfs, where it does not work; where every test has to run,
// it is an error.
func condition(name string) (bool, error) {
	program, ok := strings.CutPrefix(name, "program:")
	var err error
	switch {
	case ok:
		_, err = exec.LookPath(program)
	case name == "fuse-overlayfs":
		if err = features.FUSEOverlay(); errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
			return false, nil // /dev/fuse is for root alone here
		}
	default:
		return false, fmt.Errorf("unknown condition %s", name)
	}
	if err != nil && os.Getenv("CATBOX_TEST_MUST_RUN") == "1" {
		return false, err
	}
	return err == nil, nil
}

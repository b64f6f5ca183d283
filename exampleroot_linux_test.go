package catbox_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/policy"
)

// smallRoot makes a root filesystem of one static program.
func smallRoot(dir string) string {
	root := filepath.Join(dir, "root")
	for _, sub := range []string{"bin", "etc", "build"} {
		if err := os.MkdirAll(filepath.Join(root, sub), 0o755); err != nil {
			panic(err)
		}
	}
	if err := exec.Command("cp", "/bin/busybox", filepath.Join(root, "bin/busybox")).Run(); err != nil {
		panic(err)
	}
	if err := os.Symlink("busybox", filepath.Join(root, "bin/sh")); err != nil {
		panic(err)
	}
	return root
}

// The command has a directory as its root, with a directory of the host in it.
// Paths of the policy are paths in the root.
func ExampleCmd_root() {
	dir, remove := workDir()
	defer remove()
	c := catbox.Command("sh", "-c", "pwd; echo made > /build/here; echo also > /src/here; echo not > /etc/here")
	c.Root = smallRoot(dir)
	c.Env = []string{"PATH=/bin"}
	c.Policy = c.Policy.Allow(policy.Write, "/build")
	c.Mounts = []catbox.Mount{{Source: dir, Target: "/src", Type: "bind"}}
	out, err := c.Output()
	fmt.Printf("%s%v\n", out, err)
	for _, name := range []string{"root/build/here", "here"} {
		data, _ := os.ReadFile(filepath.Join(dir, name))
		fmt.Printf("%s: %s", name, data)
	}
	for _, v := range c.Result().Violations {
		fmt.Println(v.Action, v.Operation, v.Canonical)
	}
	// Output:
	// /
	// exit status 1
	// root/build/here: made
	// here: also
	// denied write /etc/here
}

// What the command changes is kept apart; package overlay tells what it was.
func ExampleCmd_overlay() {
	dir, remove := workDir()
	defer remove()
	c := catbox.Command("sh", "-c", "echo new > /etc/new; busybox rm /bin/sh")
	c.Root = smallRoot(dir)
	c.Env = []string{"PATH=/bin"}
	c.Overlay = &catbox.Overlay{Dir: filepath.Join(dir, "changes")}
	if out, err := c.CombinedOutput(); err != nil {
		fmt.Printf("%s%v\n", out, err)
	}
	o, err := overlay.Open(c.Overlay.Dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for change, err := range o.Changes(overlay.ListOptions{}) {
		fmt.Println(change.Kind, change.Path, err)
	}
	fmt.Println(o.Discard())
	// Output:
	// removed /bin/sh <nil>
	// added /etc/new <nil>
	// <nil>
}

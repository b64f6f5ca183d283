package catbox_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/catbox-go/catbox"

// layers are the packages from the top down: each imports only those further
// down. Two on one line do not import each other.
var layers = [][]string{
	{"cmd/catbox", "bench"},
	{"executor"},
	{""},
	{"internal/supervisor", "internal/stage", "features", "deps"},
	{"internal/recorder", "internal/tracer", "record/store", "report/page", "report/perfetto", "report/compiledb", "report/cyclonedx", "report/spdx"},
	{"report/materials"},
	{"internal/queue", "overlay", "image", "internal/skeleton", "internal/fuseoverlay", "internal/seccomp", "internal/landlock", "internal/namespace", "internal/target", "internal/cgroup", "packages", "packages/declared", "report"},
	{"internal/abi", "internal/sys", "internal/sys/spawn", "internal/fakeroot", "internal/idmap", "internal/paths", "record", "policy", "packages/relation", "packages/deb822", "internal/lazyregexp"},
}

func TestImportsPointDown(t *testing.T) {
	depth := map[string]int{}
	for i, layer := range layers {
		for _, name := range layer {
			depth[strings.TrimSuffix(module+"/"+name, "/")] = i
		}
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		from, known := depth[name]
		if !known {
			continue // tools and tests
		}
		for _, i := range strings.Fields(imports) {
			to, ours := depth[i]
			if ours && to <= from {
				t.Errorf("%s imports %s, which is not below it", name, i)
			}
			if !ours && strings.HasPrefix(i, module) && !strings.HasPrefix(i, name) {
				t.Errorf("%s imports %s, which has no layer", name, i)
			}
		}
	}
}

// TestUnsafeHasOneHome keeps unsafe in internal/sys.
func TestUnsafeHasOneHome(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		for _, i := range strings.Fields(imports) {
			if i == "unsafe" && name != module+"/internal/sys" && name != module+"/internal/sys/spawn" {
				t.Errorf("%s uses unsafe", name)
			}
		}
	}
}

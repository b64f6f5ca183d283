package overlay

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var operations = []string{
	"echo $RANDOM%[1]s >>%[1]s", "rm -rf %[1]s", "mkdir -p %[1]s", "mv -T %[1]s %[2]s", "ln %[1]s %[2]s", "ln -sfn %[2]s %[1]s",
	"cp -aT %[1]s %[2]s", "chmod 7%[3]d5 %[1]s", "touch -d 200%[3]d-01-01 %[1]s", "setfattr -n user.k%[3]d -v %[3]d %[1]s",
	"rm -rf %[1]s && mkdir %[1]s && echo new >%[1]s/a", "truncate -s 30%[3]d000 %[1]s", "echo %[3]d >%[1]s",
}

// script draws operations on a few names, in which some fail.
func script(n int) *rapid.Generator[string] {
	name := rapid.SampledFrom([]string{"a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "d/e/f", "d/e/f/b", "x", "x/a"})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(1, n).Draw(t, "count") {
			op := rapid.SampledFrom(operations).Draw(t, "operation")
			fmt.Fprintf(&b, strings.ReplaceAll(op, "%", "%")+" 2>/dev/null || true\n%[4]s",
				name.Draw(t, "name"), name.Draw(t, "other"), rapid.IntRange(0, 7).Draw(t, "number"), "")
		}
		return b.String()
	})
}

// TestCommitIsWhatWasSeen does random things in two runs, with or without a
// commit in between, and wants the root to be what the command saw.
func TestCommitIsWhatWasSeen(t *testing.T) {
	needOverlayfs(t)
	rapid.Check(t, func(rt *rapid.T) {
		b := newBox(t, script(12).Draw(rt, "root"))
		b.run(script(10).Draw(rt, "first run"))
		if rapid.Bool().Draw(rt, "commit in between") {
			must(t, b.commit())
		}
		b.run(script(10).Draw(rt, "second run"))
		want := seen(snapshot(t, b.merged()))
		must(t, b.commit())
		if got := seen(snapshot(t, b.root)); fmt.Sprint(got) != fmt.Sprint(want) {
			wantSame(t, "root", want, got)
			rt.Fatal("differs")
		}
		if left := b.list(); left != "" {
			rt.Fatalf("left: %s", left)
		}
		exec.Command("rm", "-rf", b.root).Run()
	})
}

// seen leaves out what is not committed: a time alone, and which of the root's
// own names were one file, which overlayfs does not keep.
func seen(files map[string]string) map[string]string {
	for path, line := range files {
		attributes, rest, _ := strings.Cut(line, " 20")
		content := rest[strings.LastIndex(rest, ` "`)+1:]
		files[path] = attributes + content
		if !strings.HasPrefix(line, "100") {
			files[path] = attributes
		}
	}
	return files
}

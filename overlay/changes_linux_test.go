package overlay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/catbox-go/catbox/internal/testenv"
)

const plainRoot = `
mkdir -p etc usr/lib usr/share/doc empty
echo one >etc/one; echo two >etc/two; echo three >usr/lib/three; ln -s three usr/lib/link
echo a >usr/share/doc/a; echo b >usr/share/doc/b; ln etc/one usr/lib/hard`

func TestChanges(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"nothing", "cat etc/one; ls -R >/dev/null", ""},
		{"a file opened for writing", ": >>etc/one; chmod 644 etc/one", ""},
		{"a file with a new time only", "touch -d 2001-01-01 etc/one", ""},
		{"added", "echo x >etc/new", "A \"/etc/new\"\n"},
		{"an added tree", "mkdir -p opt/x; echo y >opt/x/y", "A \"/opt\"\nA \"/opt/x\"\nA \"/opt/x/y\"\n"},
		{"content", "echo ONE >etc/one", "M \"/etc/one\" content\n"},
		{"content of the same size and time", "echo ONE >x; touch -r etc/one x; cat x >etc/one; touch -r x etc/one; rm x", "M \"/etc/one\" content\n"},
		{"mode", "chmod 600 etc/one", "M \"/etc/one\" mode\n"},
		{"mode of a directory", "chmod 700 etc", "M \"/etc\" mode\n"},
		{"attribute", "setfattr -n user.x -v 1 etc/one", "M \"/etc/one\" xattrs\n"},
		{"target", "ln -sfn ../one usr/lib/link", "M \"/usr/lib/link\" target\n"},
		{"removed", "rm etc/one", "D \"/etc/one\"\n"},
		{"a removed tree", "rm -r usr/share", "D \"/usr/share\"\nD \"/usr/share/doc\"\nD \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n"},
		{"an opaque directory", "rm -r usr/share/doc; mkdir usr/share/doc; echo c >usr/share/doc/c",
			"D \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\nA \"/usr/share/doc/c\"\n"},
		{"below an opaque directory", "rm -r usr/share; mkdir -p usr/share/doc; chmod --reference=usr usr/share usr/share/doc",
			"D \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n"},
		{"made and removed", "mkdir x; echo >x/y; rm -r x", ""},
		{"file to directory", "rm etc/one; mkdir etc/one; echo >etc/one/x", "T \"/etc/one\"\nA \"/etc/one/x\"\n"},
		{"directory to link", "rm -r usr/share; ln -s lib usr/share",
			"T \"/usr/share\"\nD \"/usr/share/doc\"\nD \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n"},
		{"renamed", "mv etc/one etc/ONE", "A \"/etc/ONE\"\nD \"/etc/one\"\n"},
		{"renamed directory", "mv usr/share/doc usr/doc",
			"A \"/usr/doc\"\nA \"/usr/doc/a\"\nA \"/usr/doc/b\"\nD \"/usr/share/doc\"\nD \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n"},
		{"a name of a hard link", "echo x >>usr/lib/hard", "M \"/usr/lib/hard\" content\n"},
		{"names of all bytes", `touch "$(printf 'a\nb\377\\"')"`, `A "/a\nb\xff\\\""` + "\n"},
		{"a FIFO", "mkfifo etc/f; chmod 600 etc/f", "A \"/etc/f\"\n"},
		{"unreadable", "echo s >etc/s; chmod 0 etc/s etc/one", "M \"/etc/one\" mode\nA \"/etc/s\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBox(t, plainRoot)
			b.run(test.script)
			b.wantList(test.want)
			want := b.merged()
			must(t, b.commit())
			wantSame(t, "the root after the commit", withoutTouched(snapshot(t, want), test.name), withoutTouched(snapshot(t, b.root), test.name))
			b.wantEmptyList()
		})
	}
}

// withoutTouched leaves out the file whose time alone differs, which is no change.
func withoutTouched(files map[string]string, test string) map[string]string {
	if test == "a file with a new time only" || test == "a file opened for writing" {
		delete(files, "/etc/one")
		delete(files, "/usr/lib/hard")
	}
	if strings.Contains(test, "hard link") || test == "unreadable" || strings.HasPrefix(test, "content") || test == "mode" || test == "attribute" {
		// Copied up, the names are no longer of one file for cp(1), which sees
		// them with the number of links that the other one has.
		for path, line := range files {
			first, _, _ := strings.Cut(line, " = ")
			_, content, linked := strings.Cut(line, " = /etc/one ")
			if linked {
				files[path] = first + " " + content
			}
		}
	}
	return files
}

func (b *box) wantEmptyList() {
	b.t.Helper()
	if got := b.list(); got != "" {
		b.t.Errorf("still changes:\n%s", got)
	}
}

func TestChangesAllTellsTimes(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("touch -d 2001-01-01 etc/one")
	var got []string
	for c, err := range b.o.Changes(ListOptions{All: true}) {
		must(t, err)
		got = append(got, c.Path+" "+c.Differs.String())
	}
	if len(got) != 1 || got[0] != "/etc/one time" {
		t.Errorf("got %q", got)
	}
}

func TestPatternsSelect(t *testing.T) {
	b := newBox(t, plainRoot)
	b.run("echo x >etc/one; echo x >usr/lib/three; rm usr/share/doc/a; mkdir new; echo >new/f.conf")
	for pattern, want := range map[string]string{
		"/etc": "M \"/etc/one\" content\n", "usr/share/**": "D \"/usr/share/doc/a\"\n",
		"**/*.conf": "A \"/new/f.conf\"\n", "{etc,new}/f*": "A \"/new/f.conf\"\n", "nothing": "",
	} {
		if got := b.list(pattern); got != want {
			t.Errorf("%s: got %s", pattern, got)
		}
	}
	if err := CheckPattern("[a"); err == nil {
		t.Error("[a is a pattern")
	}
}

func TestSplitDirectories(t *testing.T) {
	b := newBox(t, plainRoot+"\necho keep >top; echo gone >bye; ln -s usr/lib lib")
	must(t, b.o.SetSplit(map[string][]string{"/": {"etc", "usr", "empty", "top", "bye", "lib"}}))
	upper := b.o.Upper()
	shell(t, b.root, "cp -a top bye lib "+upper+"; cd "+upper+"; mkdir etc usr empty")
	started := time.Now()
	shell(t, upper, "rm bye; echo new >added; echo x >etc/one")
	must(t, b.o.Settle(started))
	shell(t, b.root, "echo changed on the host >top; echo new on the host >other")
	b.open()
	b.wantList("A \"/added\"\nD \"/bye\"\nM \"/etc/one\" content\n")
	must(t, b.commit())
	b.wantEmptyList()
	shell(t, b.root, "test ! -e bye; test -e added; grep -q changed top; test -e other")
	shell(t, upper, "test -e added; test -e top; test ! -e etc/one")
	b.open()
	b.wantEmptyList()
}

func TestSavedLowerOverlays(t *testing.T) {
	below := newBox(t, plainRoot)
	below.run("echo below >etc/one; rm etc/two; mkdir d; echo 1 >d/f; rm -r usr/share/doc; mkdir usr/share/doc")
	o, err := Create(filepath.Join(t.TempDir(), "over"), Options{Root: below.root, Lower: []string{below.dir}})
	must(t, err)
	defer o.Close()
	b := &box{t: t, root: below.root, dir: o.Dir(), o: o}
	t.Cleanup(func() { removePath(b.dir) })
	b.run("echo above >etc/one; rm d/f; echo again >etc/two; echo n >usr/share/doc/n")
	b.wantList("D \"/d/f\"\nM \"/etc/one\" content\nA \"/etc/two\"\nA \"/usr/share/doc/n\"\n")
	want := snapshot(t, b.merged())
	if err := b.commit(); err == nil || !strings.Contains(err.Error(), "commit it first") {
		t.Fatalf("commit over an overlay that is not committed: %v", err)
	}
	must(t, below.commit())
	must(t, b.commit())
	wantSame(t, "root", want, snapshot(t, b.root))
}

func TestMarksOfOtherOverlayfs(t *testing.T) {
	b := newBox(t, plainRoot)
	upper := b.o.Upper()
	shell(t, upper, "mkdir -p etc usr/share/doc; : >etc/one; setfattr -n user.overlay.whiteout -v y etc/one; setfattr -n user.overlay.opaque -v x etc")
	b.wantList("D \"/etc/one\"\n")
	if os.Geteuid() == 0 {
		shell(t, upper, "setfattr -n trusted.overlay.opaque -v y usr/share/doc")
		b.wantList("D \"/etc/one\"\nD \"/usr/share/doc/a\"\nD \"/usr/share/doc/b\"\n")
	}
	shell(t, upper, "mkdir moved; setfattr -n user.overlay.redirect -v old moved")
	b.wantList("D \"/etc/one\"\nA \"/moved\"\n", "/moved", "/etc") // of no meaning with userxattr
	testenv.Root(t)
	shell(t, upper, "setfattr -n trusted.overlay.redirect -v old moved")
	for _, err := range b.o.Changes(ListOptions{}) {
		if err != nil {
			if !strings.Contains(err.Error(), "trusted.overlay.redirect") {
				t.Errorf("error: %v", err)
			}
			return
		}
	}
	t.Error("a redirected directory is accepted")
}

func TestOwnersAndDevicesOfRoot(t *testing.T) {
	testenv.Root(t)
	b := newBox(t, plainRoot+"\nmknod null c 1 3")
	testenv.Command(t, "setcap")
	upper := b.o.Upper()
	shell(t, upper, "mkdir etc; cp -a "+b.root+"/etc/one etc/one; chown 7:8 etc/one; mknod null c 1 5; cp /bin/true ping; setcap cap_net_raw+ep ping")
	b.wantList("M \"/etc/one\" owner\nM \"/null\" device\nA \"/ping\"\n")
	must(t, b.commit())
	shell(t, b.root, `test "$(stat -c %u:%g etc/one)" = 7:8; test "$(stat -c %T null)" = 5; getcap ping | grep -q cap_net_raw`)
	b.wantEmpty()
}

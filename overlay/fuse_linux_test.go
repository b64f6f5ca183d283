package overlay

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// asFUSE is what fuse-overlayfs writes where it cannot make whiteouts.
const asFUSE = `mkdir -p etc usr/share/doc usr/lib; : >etc/.wh.one; echo new >etc/.new; : >usr/share/doc/.wh..wh..opq
setfattr -n user.fuseoverlayfs.opaque -v y usr/share/doc; echo n >usr/share/doc/n; mknod usr/share/doc/.wh..opq c 0 0; mknod etc/two c 0 0
cp usr/share/doc/n usr/lib/three; setfattr -n user.fuseoverlayfs.origin -v usr/lib/three usr/lib/three; setfattr -n user.k -v v usr/lib/three`

const fuseChanges = `A "/etc/.new"
	D "/etc/one"
	D "/etc/two"
	M "/usr/lib/three" content,xattrs
	D "/usr/share/doc/a"
	D "/usr/share/doc/b"
	A "/usr/share/doc/n"
	`

func TestWhatFUSEWroteIsAdopted(t *testing.T) {
	for name, end := range map[string]func(b *box){
		"at the end of the run":    func(b *box) { must(b.t, b.o.Settle(time.Now())) },
		"after one who was killed": func(b *box) { b.open() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, plainRoot+"\nmkdir -p home/over")
			must(t, os.Mkdir(filepath.Join(b.o.Upper(), "home"), 0o755))
			must(t, b.o.ByFUSE("/home/over"))
			shell(t, b.o.Upper(), "getfattr --only-values -n user.overlay.opaque home/over\n"+asFUSE)
			end(b)
			b.wantList(fuseChanges)
			shell(t, b.o.Upper(), `test -d home && test ! -e home/over; test -z "$(find . -name '.wh.*')"; test -c etc/one; ! getfattr -d -m fuseoverlayfs -R . | grep .`)
			if got := b.merged(); !sameNames(t, filepath.Join(got, "usr/share/doc"), "n") {
				t.Errorf("the kernel shows more in usr/share/doc")
			}
			if b.o.info.FUSE != nil {
				t.Error("it is still to be adopted")
			}
		})
	}
}

// While a run writes, nobody adopts anything.
func TestAdoptedByNobodyWhileInUse(t *testing.T) {
	b := newBox(t, plainRoot)
	lock, err := b.o.Lock()
	must(t, err)
	must(t, b.o.ByFUSE(""))
	shell(t, b.o.Upper(), asFUSE)
	b.open()
	shell(t, b.o.Upper(), "test -e etc/.wh.one")
	must(t, lock.Close())
	b.open()
	b.wantList(fuseChanges)
}

func sameNames(t *testing.T, dir string, want ...string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	same := len(entries) == len(want)
	for i := range entries {
		same = same && entries[i].Name() == want[i]
	}
	return same
}

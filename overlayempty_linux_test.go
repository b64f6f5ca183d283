package catbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/testenv"
)

// What an ordinary user can neither list nor search is seen empty in an overlay. It can be
// written, but not removed: the command does not know what is in it.
func TestClosedDirectoryIsSeenEmpty(t *testing.T) {
	if os.Geteuid() == 0 {
		testenv.Elsewhere(t, "nothing is closed to root; as an ordinary user it is")
	}
	testenv.Need(t, "/root that belongs to root and is closed to others", func() error {
		var st unix.Stat_t
		err := unix.Lstat("/root", &st)
		if err == nil && (st.Uid != 0 || st.Mode&0o5 != 0) {
			err = errors.ErrUnsupported
		}
		return err
	})
	dir := filepath.Join(directory(t), "overlay")
	for _, fake := range []*catbox.FakeRoot{nil, {}} {
		want := "made\nstays\n"
		if fake != nil {
			want = "kept\nkept\n" + want // of the run before
		}
		c := overlaid(&catbox.Overlay{Dir: dir}, `ls -A /root; echo x >/root/made; ls -A /root; rm /root/made; rmdir /root 2>/dev/null || echo stays; echo y >/root/kept`)
		c.FakeRoot = fake
		if got := look(t, c); got != want {
			t.Errorf("it said %q, not %q", got, want)
		}
		if _, err := os.Lstat(filepath.Join(dir, "upper/root/kept")); err != nil {
			t.Error(err)
		}
	}
}

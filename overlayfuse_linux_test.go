package catbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/fuseoverlay"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
)

// onFUSE is a directory of a file system that the kernel takes no upper layer of.
func onFUSE(t *testing.T) string {
	t.Helper()
	testenv.Root(t) // for others fusermount3 mounts nothing on FUSE
	testenv.Need(t, "fuse-overlayfs", features.FUSEOverlay)
	dir := directory(t, "lower/", "upper/", "work/", "at/")
	l := fuseoverlay.Layers{Lower: []string{filepath.Join(dir, "lower")}, Upper: filepath.Join(dir, "upper"), Work: filepath.Join(dir, "work"), At: filepath.Join(dir, "at")}
	s, err := fuseoverlay.Start(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.At
}

// overlaid is a run of a script in an overlay.
func overlaid(o *catbox.Overlay, script string) *catbox.Cmd {
	c := shell("/", script)
	c.Policy = policy.Policy{}.Allow(policy.Read|policy.Exec, "/")
	c.Overlay = o
	return c
}

// Where the kernel takes no such upper layer, fuse-overlayfs does.
func TestOverlayByFUSEWhereTheKernelRefuses(t *testing.T) {
	dir := filepath.Join(onFUSE(t), "overlay")
	c := overlaid(&catbox.Overlay{Dir: dir}, "echo x >/etc/made && echo done")
	if got := look(t, c); got != "done\n" {
		t.Errorf("it said %q", got)
	}
	if !slices.Contains(c.Result().Enforcement, catbox.Enforcement{Part: "overlay", By: "fuse-overlayfs"}) {
		t.Errorf("not by fuse-overlayfs: %v", c.Result().Enforcement)
	}
	if _, err := os.Lstat(filepath.Join(dir, "upper/etc/made")); err != nil {
		t.Error(err)
	}
	again := overlaid(&catbox.Overlay{Dir: dir}, "cat /etc/made")
	if got := look(t, again); got != "x\n" {
		t.Errorf("the next run said %q", got)
	}
}

// Who wants the kernel's gets no other; without fuse-overlayfs the error says what could be had.
func TestOverlayThatCannotBeHad(t *testing.T) {
	dir := filepath.Join(onFUSE(t), "overlay")
	err := overlaid(&catbox.Overlay{Dir: dir, Type: catbox.OverlayKernel}, "true").Run()
	var unsupported *catbox.UnsupportedError
	if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), "by the kernel") {
		t.Errorf("by the kernel: %v", err)
	}
	c := overlaid(&catbox.Overlay{Dir: dir}, "true")
	t.Setenv("PATH", t.TempDir())
	c.Env = []string{"PATH=/usr/bin:/bin"}
	if err := c.Run(); !errors.As(err, &unsupported) || !strings.Contains(err.Error(), "fuse-overlayfs: no such file") {
		t.Errorf("without fuse-overlayfs: %v", err)
	}
}

package image_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/image"
	. "github.com/catbox-go/catbox/image/internal/tartest"
)

func files(t testing.TB, list map[string]string) string {
	l := layout{}
	for name, body := range list {
		l[name] = []byte(body)
	}
	return l.dir(t)
}

func TestDirectory(t *testing.T) {
	dir := files(t, map[string]string{"etc/passwd": ""})
	img := open(t, dir, image.Options{})
	if img.Format != image.Directory || img.Dir != dir || img.Command.Args() != nil {
		t.Errorf("%+v", img)
	}
	if err := img.Unpack(context.Background(), t.TempDir(), image.UnpackOptions{}); !errors.Is(err, image.ErrInPlace) {
		t.Errorf("unpack: %v", err)
	}
}

func TestTarball(t *testing.T) {
	img := open(t, write(t, "x", Gzip(t, Tar(t, Entry{Name: "./"}, Entry{Name: "./etc/"}, Entry{Name: "./etc/.wh.x", Body: "no whiteout"}))), image.Options{})
	if img.Format != image.Tarball {
		t.Errorf("format %s", img.Format)
	}
	if diff := cmp.Diff(map[string]string{"etc": "d", "etc/.wh.x": "f no whiteout"}, unpacked(t, img)); diff != "" {
		t.Error(diff)
	}
}

func TestNoImage(t *testing.T) {
	fails(t, "/nonexistent", image.Options{}, "/nonexistent", "no such file")
	fails(t, write(t, "x", nil), image.Options{}, "empty")
	fails(t, write(t, "x", []byte(strings.Repeat("text ", 1000))), image.Options{}, "not an image")
	fails(t, write(t, "x", Tar(t)), image.Options{}, "no files")
	fails(t, os.DevNull, image.Options{}, "neither a file nor a directory")
}

func TestUnpackedACI(t *testing.T) {
	dir := files(t, map[string]string{"manifest": worker, "rootfs/x": "x"})
	img := open(t, dir, image.Options{Platform: "linux/amd64"})
	if img.Format != image.AppContainer || img.Dir != filepath.Join(dir, "rootfs") || img.Command.Cmd[0] != "/usr/bin/reduce-worker" {
		t.Errorf("%+v", img)
	}
}

const bundle = `{"ociVersion": "1.0.2", "hostname": "inside",
	"process": {"args": ["sh"], "env": ["A=1"], "cwd": "/srv", "user": {"uid": 7, "gid": 8, "additionalGids": [9]},
		"noNewPrivileges": true, "capabilities": {"bounding": ["CAP_KILL"]}, "rlimits": [{"type": "RLIMIT_CORE", "hard": 1, "soft": 1}]},
	"root": {"path": "rootfs", "readonly": true},
	"mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]}],
	"hooks": {}, "linux": {"resources": {"memory": {"limit": 1000000}, "cpu": {"quota": 50000}}, "maskedPaths": ["/proc/kcore"]}}`

func TestBundle(t *testing.T) {
	dir := files(t, map[string]string{"config.json": bundle, "rootfs/x": "x"})
	img := open(t, dir, image.Options{})
	c := img.Command
	if img.Format != image.Bundle || img.Dir != filepath.Join(dir, "rootfs") || !c.ReadOnlyRoot || c.Hostname != "inside" {
		t.Errorf("%+v", img)
	}
	if c.Dir != "/srv" || c.User != "7" || c.Group != "8" || c.SupplementaryGIDs[0] != 9 || c.Args()[0] != "sh" || c.Env[0] != "A=1" {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff([]image.Mount{{Source: "proc", Target: "/proc", Type: "proc", Options: []string{"nosuid"}}}, c.Mounts); diff != "" {
		t.Error(diff)
	}
	want := []image.Isolator{
		{Name: image.NoNewPrivileges, Enforceable: true, NoNewPrivs: true},
		{Name: image.CapabilitiesRetain, Enforceable: true, Capabilities: []string{"CAP_KILL"}},
		{Name: image.ResourceMemory, Enforceable: true, MemoryBytes: 1000000},
		{Name: image.ResourceCPU, Enforceable: true, MilliCPU: 500},
	}
	if diff := cmp.Diff(want, c.Isolators); diff != "" {
		t.Error(diff)
	}
	all := strings.Join(img.Warnings, "\n")
	for _, w := range []string{"rlimits", "hooks", "maskedPaths"} {
		if !strings.Contains(all, w) {
			t.Errorf("no warning of %s: %s", w, all)
		}
	}
}

func TestBundleMistakes(t *testing.T) {
	for config, want := range map[string]string{
		`{`:                       "config.json",
		`{"ociVersion": "1.0.2"}`: "root.path is missing",
		`{"ociVersion": "1.0.2", "root": {"path": "none"}}`:                                     `root.path is "none"`,
		`{"root": {"path": "r"}}`:                                                               "ociVersion",
		`{"ociVersion": "1.0.2", "root": {"path": "r"}, "process": {"cwd": "x"}}`:               `process.cwd is "x"`,
		`{"ociVersion": "1.0.2", "root": {"path": "r"}, "process": {"cwd": "/", "env": ["A"]}}`: "NAME=value",
	} {
		fails(t, files(t, map[string]string{"config.json": config, "r/x": ""}), image.Options{}, want)
	}
}

func TestCredentials(t *testing.T) {
	root := files(t, map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:web:/var/www:/bin/false\n12:x:99:98::/:\n",
		"etc/group":  "root:x:0:\nweb:x:34:\nextra:x:50:root,www\nstaff:x:51:www\n",
		"bin/ping":   "",
	})
	noted := []image.Noted{{Path: "bin/ping", UID: 5, GID: 6}}
	for _, test := range []struct {
		user, group string
		want        image.Credentials
	}{
		{"", "", image.Credentials{Groups: []int{50}, Home: "/root"}},
		{"www", "", image.Credentials{UID: 33, GID: 34, Groups: []int{50, 51}, Home: "/var/www"}},
		{"33", "web", image.Credentials{UID: 33, GID: 34, Groups: []int{50, 51}, Home: "/var/www"}},
		{"www", "7", image.Credentials{UID: 33, GID: 7, Groups: []int{50, 51}, Home: "/var/www"}},
		{"12", "", image.Credentials{UID: 99, GID: 98, Home: "/"}},
		{"1000", "1000", image.Credentials{UID: 1000, GID: 1000}},
		{"/bin/ping", "/bin/ping", image.Credentials{UID: 5, GID: 6}},
	} {
		got, err := image.Command{User: test.user, Group: test.group}.Credentials(root, noted)
		if err != nil {
			t.Errorf("%s:%s: %v", test.user, test.group, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:%s: %s", test.user, test.group, diff)
		}
	}
	_, err := image.Command{User: "nobody-here"}.Credentials(root, nil)
	has(t, err, `"nobody-here"`, "/etc/passwd")
	_, err = image.Command{User: "4294967295"}.Credentials(root, nil)
	has(t, err, "4294967295")
}

// TestPasswdLinkStaysInside: an image can't have the host's files read.
func TestPasswdLinkStaysInside(t *testing.T) {
	root := files(t, map[string]string{"etc/x": ""})
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "etc/passwd")); err != nil {
		t.Fatal(err)
	}
	if _, err := (image.Command{User: "root"}).Credentials(root, nil); err == nil {
		t.Error("the host's /etc/passwd was read")
	}
}

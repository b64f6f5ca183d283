package image

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox/image/internal/appc"
)

func (img *Image) openACI(m *appc.Manifest, o Options) error {
	img.describeACI(m, o)
	img.hasher = func(ctx context.Context) (string, error) { return imageID(ctx, img.Path) }
	layers, err := render(img, m, o)
	if err != nil {
		return err
	}
	img.layers = layers
	return img.command(m, o)
}

// openUnpackedACI takes the image layout: a directory with manifest and rootfs.
func (img *Image) openUnpackedACI(o Options) error {
	f, err := os.Open(filepath.Join(img.Path, "manifest"))
	if err != nil {
		return bare(err)
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return errors.New("manifest is not a regular file")
	}
	m, err := appc.Read(f)
	if err != nil {
		return err
	}
	if len(m.Dependencies) > 0 || len(m.PathWhitelist) > 0 {
		return errors.New("manifest: dependencies and pathWhitelist take files together and away, which can't be done in a directory: give the image as an .aci file")
	}
	img.describeACI(m, o)
	img.Dir = filepath.Join(img.Path, "rootfs")
	return img.command(m, o)
}

// imageID counts the image ID (aci.md, "Image ID").
func imageID(ctx context.Context, path string) (string, error) {
	d, err := hashFile(ctx, path, sha512.New())
	return "sha512-" + d, err
}

// goArch are the specification's architectures in the words of Go
// (schema/types/labels.go).
var goArch = map[string]string{
	"i386": "386", "x86_64": "amd64", "aarch64": "arm64", "aarch64_be": "arm64be",
	"armv6l": "arm/v6", "armv7l": "arm/v7", "armv7b": "armbe/v7",
}

func (img *Image) describeACI(m *appc.Manifest, o Options) {
	img.Format, img.Name = AppContainer, m.Name
	system, _ := m.Label("os")
	if arch, ok := m.Label("arch"); ok && system != "" {
		if a, ok := goArch[arch]; ok {
			arch = a
		}
		img.Platform = system + "/" + arch
		img.warnPlatform(o)
	}
	if v, _ := m.Annotation("appc.io/executor/supports-systemd-notify"); v == "true" {
		img.warn("annotation appc.io/executor/supports-systemd-notify: there is no NOTIFY_SOCKET; the app has to do without")
	}
}

// defaultPath is what the specification sets PATH to (ace.md, "Execution
// Environment").
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (img *Image) command(m *appc.Manifest, o Options) error {
	c := &img.Command
	c.Env = environment(m, o)
	a := m.App
	if a == nil {
		img.warn("the manifest has no app: there is no command in it")
		return nil
	}
	c.Cmd, c.Dir, c.User, c.Group = a.Exec, a.WorkingDirectory, a.User, a.Group
	for _, gid := range a.SupplementaryGIDs {
		c.SupplementaryGIDs = append(c.SupplementaryGIDs, int(gid))
	}
	for _, p := range a.MountPoints {
		c.MountPoints = append(c.MountPoints, MountPoint(p))
	}
	for _, h := range a.EventHandlers {
		c.EventHandlers = append(c.EventHandlers, EventHandler{h.Name, h.Exec})
	}
	img.ports(a.Ports)
	var err error
	c.Isolators, err = isolators(a.Isolators)
	img.warnIsolators()
	return err
}

func (img *Image) ports(ports []appc.Port) {
	for _, p := range ports {
		count := 1
		if p.Count != nil {
			count = int(*p.Count)
		}
		img.Command.Ports = append(img.Command.Ports, Port{p.Name, p.Protocol, int(p.Port), count, p.SocketActivated})
		if p.SocketActivated {
			img.warn("port %s is socket activated: no listening descriptor is passed", p.Name)
		}
	}
}

// environment is the app's, with what the executor must set (ace.md, "Execution
// Environment"): PATH unless the app has one of its own, the rest whatever the
// app has.
func environment(m *appc.Manifest, o Options) []string {
	forced := map[string]string{"AC_APP_NAME": m.Name, "AC_METADATA_URL": o.MetadataURL, "container": o.Executor}
	var env []string
	hasPath := false
	if m.App != nil {
		for _, v := range m.App.Environment {
			if forced[v.Name] == "" {
				env = append(env, v.Name+"="+v.Value)
			}
			hasPath = hasPath || v.Name == "PATH"
		}
	}
	if !hasPath {
		env = append(env, "PATH="+defaultPath)
	}
	for _, name := range []string{"AC_APP_NAME", "AC_METADATA_URL", "container"} {
		if forced[name] != "" {
			env = append(env, name+"="+forced[name])
		}
	}
	return env
}

// inRootfs maps the names of an .aci to paths in the root.
func inRootfs(name string) (string, bool, error) {
	switch {
	case name == "rootfs":
		return ".", true, nil
	case strings.HasPrefix(name, "rootfs/"):
		return strings.TrimPrefix(name, "rootfs/"), true, nil
	case name == "manifest" || name == ".":
		return "", false, nil
	}
	return "", false, fmt.Errorf("an App Container image has only manifest and rootfs at its top")
}

package image_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/image"
	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/internal/testenv"
)

// layout is an image layout under construction, its files by name.
type layout map[string][]byte

type object = map[string]any

func (l layout) blob(mediaType string, data []byte) object {
	hex := fmt.Sprintf("%x", sha256.Sum256(data))
	l["blobs/sha256/"+hex] = data
	return object{"mediaType": mediaType, "digest": "sha256:" + hex, "size": len(data)}
}

const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

var command = object{
	"Entrypoint": []string{"/bin/sh", "-c"}, "Cmd": []string{"ls"}, "Env": []string{"A=1"}, "WorkingDir": "/srv", "User": "www:5",
	"Volumes": object{"/data": object{}}, "ExposedPorts": object{"80/tcp": object{}}, "StopSignal": "SIGINT",
}

// manifest adds an image of layers, which are archives.
func (l layout) manifest(t testing.TB, arch string, archives ...[]byte) object {
	var layers []object
	var diffs []string
	for _, a := range archives {
		layers = append(layers, l.blob(typeLayer, Gzip(t, a)))
		diffs = append(diffs, fmt.Sprintf("sha256:%x", sha256.Sum256(a)))
	}
	config := toJSON(t, object{"os": "linux", "architecture": arch, "config": command, "rootfs": object{"type": "layers", "diff_ids": diffs}})
	return l.blob(typeManifest, toJSON(t, object{"schemaVersion": 2, "mediaType": typeManifest, "config": l.blob(typeConfig, config), "layers": layers}))
}

func (l layout) index(t testing.TB, manifests ...object) layout {
	l["oci-layout"] = []byte(`{"imageLayoutVersion": "1.0.0"}`)
	l["index.json"] = toJSON(t, object{"schemaVersion": 2, "manifests": manifests})
	return l
}

func (l layout) dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range l {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (l layout) tar(t testing.TB) []byte {
	var entries []Entry
	for name, data := range l {
		entries = append(entries, Entry{Name: name, Body: string(data)})
	}
	return Tar(t, entries...)
}

func with(o object, more object) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	for k, v := range more {
		c[k] = v
	}
	return c
}

func simple(t testing.TB) layout {
	l := layout{}
	m := l.manifest(t, "amd64", Tar(t, Entry{Name: "a", Body: "1"}, Entry{Name: "b", Body: "2"}), Tar(t, Entry{Name: ".wh.a"}, Entry{Name: "c", Body: "3"}))
	return l.index(t, with(m, object{"annotations": object{"org.opencontainers.image.ref.name": "first"}}))
}

var amd64 = image.Options{Platform: "linux/amd64"}

func TestOCI(t *testing.T) {
	l := simple(t)
	for name, path := range map[string]string{
		"directory": l.dir(t), "tar": write(t, "x.tar", l.tar(t)), "tar.gz": write(t, "x", Gzip(t, l.tar(t))),
	} {
		t.Run(name, func(t *testing.T) {
			img := open(t, path, amd64)
			c := img.Command
			if img.Format != image.OCILayout || img.Name != "first" || img.Platform != "linux/amd64" || len(img.Warnings) > 0 {
				t.Errorf("%s %s %s %s", img.Format, img.Name, img.Platform, img.Warnings)
			}
			for _, d := range []string{
				cmp.Diff([]string{"/bin/sh", "-c", "ls"}, c.Args()), cmp.Diff([]string{"/bin/sh", "-c", "id"}, c.Args("id")),
				cmp.Diff([]string{"A=1"}, c.Env), cmp.Diff("/srv www 5 SIGINT", strings.Join([]string{c.Dir, c.User, c.Group, c.StopSignal}, " ")),
				cmp.Diff([]image.MountPoint{{Path: "/data"}}, c.MountPoints), cmp.Diff([]image.Port{{Protocol: "tcp", First: 80, Count: 1}}, c.Ports),
				cmp.Diff(map[string]string{"b": "f 2", "c": "f 3"}, unpacked(t, img)),
			} {
				if d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestOCIPlatform(t *testing.T) {
	l := layout{}
	arm := with(l.manifest(t, "arm64", Tar(t, Entry{Name: "arm"})), object{"platform": object{"os": "linux", "architecture": "arm64"}})
	intel := with(l.manifest(t, "amd64", Tar(t, Entry{Name: "intel"})), object{"platform": object{"os": "linux", "architecture": "amd64"}})
	attest := with(l.manifest(t, "unknown"), object{"platform": object{"os": "unknown", "architecture": "unknown"}})
	nested := l.blob(typeIndex, toJSON(t, object{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []object{arm, intel, attest}}))
	for name, dir := range map[string]string{"flat": l.index(t, arm, intel, attest).dir(t), "nested": l.index(t, nested).dir(t)} {
		t.Run(name, func(t *testing.T) {
			if got := unpacked(t, open(t, dir, amd64)); got["intel"] == "" {
				t.Errorf("amd64: %v", got)
			}
			if got := unpacked(t, open(t, dir, image.Options{Platform: "linux/arm64"})); got["arm"] == "" {
				t.Errorf("arm64: %v", got)
			}
			fails(t, dir, image.Options{Platform: "linux/s390x"}, "linux/s390x", "linux/arm64, linux/amd64")
			fails(t, dir, image.Options{Platform: "arm"}, "os/architecture")
		})
	}
	one := open(t, simple(t).dir(t), image.Options{Platform: "linux/s390x"})
	if len(one.Warnings) != 1 || !strings.Contains(one.Warnings[0], "linux/amd64, not linux/s390x") {
		t.Errorf("warnings %q", one.Warnings)
	}
}

func TestOCIRef(t *testing.T) {
	l := layout{}
	ref := func(name string) object {
		return with(l.manifest(t, "amd64", Tar(t, Entry{Name: name})), object{"annotations": object{"org.opencontainers.image.ref.name": name}})
	}
	dir := l.index(t, ref("one"), ref("two")).dir(t)
	fails(t, dir, amd64, "several", `"one", "two"`)
	fails(t, dir, image.Options{Platform: "linux/amd64", Ref: "three"}, `"three"`, `"one", "two"`)
	if got := unpacked(t, open(t, dir, image.Options{Platform: "linux/amd64", Ref: "two"})); got["two"] == "" {
		t.Errorf("%v", got)
	}
}

// TestOCIDamage changes or removes one file of a layout after another.
func TestOCIDamage(t *testing.T) {
	whole := simple(t)
	for name := range whole {
		for how, change := range map[string]func([]byte) []byte{
			"cut":     func(d []byte) []byte { return d[:len(d)-1] },
			"flipped": func(d []byte) []byte { d = []byte(string(d)); d[len(d)-10] ^= 1; return d },
			"gone":    func([]byte) []byte { return nil },
		} {
			if name == "oci-layout" && how == "gone" || name == "index.json" && how == "flipped" {
				continue // then it is a plain directory; the index has no digest
			}
			l := layout{}
			for n, d := range whole {
				l[n] = d
			}
			if l[name] = change(whole[name]); l[name] == nil {
				delete(l, name)
			}
			img, err := image.Open(l.dir(t), amd64)
			if err == nil {
				err = img.Unpack(context.Background(), filepath.Join(t.TempDir(), "r"), image.UnpackOptions{})
				img.Close()
			}
			if err == nil {
				t.Errorf("%s %s was not noticed", name, how)
			}
		}
	}
}

// TestOCILayerAsStored changes the time in a layer's gzip header: what is inside
// is the same, what is stored is not.
func TestOCILayerAsStored(t *testing.T) {
	l := simple(t)
	for _, data := range l {
		if data[0] == 0x1f {
			data[4] ^= 1
		}
	}
	dir := filepath.Join(t.TempDir(), "r")
	has(t, open(t, l.dir(t), amd64).Unpack(context.Background(), dir, image.UnpackOptions{}), "stored bytes", "damaged")
}

func TestDockerArchive(t *testing.T) {
	one, two := Tar(t, Entry{Name: "a", Body: "1"}), Tar(t, Entry{Name: "b", Body: "2"})
	save := func(diff [32]byte, damage string) []byte {
		config := toJSON(t, object{"os": "linux", "architecture": "amd64", "config": command,
			"rootfs": object{"diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(one)), fmt.Sprintf("sha256:%x", diff)}}})
		hex := fmt.Sprintf("%x", sha256.Sum256(config))
		id := strings.Repeat("ab", 32)
		return Tar(t,
			Entry{Name: id + "/"}, Entry{Name: id + "/layer.tar", Body: string(one)}, Entry{Name: "second.tar", Body: string(two)},
			Entry{Name: id[:62] + "cd/layer.tar", Link: "../second.tar"},
			Entry{Name: hex + ".json", Body: string(config) + damage},
			Entry{Name: "manifest.json", Body: string(toJSON(t, []object{{"Config": hex + ".json", "RepoTags": []string{"hello:latest"},
				"Layers": []string{id + "/layer.tar", id[:62] + "cd/layer.tar"}}}))})
	}
	good := save(sha256.Sum256(two), "")
	for _, path := range []string{write(t, "x.tar", good), write(t, "x.tar.gz", Gzip(t, good))} {
		img := open(t, path, amd64)
		if img.Format != image.DockerArchive || img.Name != "hello:latest" {
			t.Errorf("%s %s", img.Format, img.Name)
		}
		if diff := cmp.Diff(map[string]string{"a": "f 1", "b": "f 2"}, unpacked(t, img)); diff != "" {
			t.Error(diff)
		}
	}
	img := open(t, write(t, "x.tar", save([32]byte{}, "")), amd64)
	dir := filepath.Join(t.TempDir(), "r")
	has(t, img.Unpack(context.Background(), dir, image.UnpackOptions{}), "digest", "damaged")
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half an image is left: %v", err)
	}
	fails(t, write(t, "x.tar", save([32]byte{}, " ")), amd64, "configuration", "damaged")
	fails(t, write(t, "x.tar", good), image.Options{Ref: "other"}, `"other"`, "hello:latest")
}

// TestOfPeers unpacks images that skopeo and umoci make.
func TestOfPeers(t *testing.T) {
	umoci, skopeo := testenv.Command(t, "umoci"), testenv.Command(t, "skopeo")
	dir := t.TempDir()
	lay := filepath.Join(dir, "layout")
	Run(t, umoci, "init", "--layout", lay)
	Run(t, umoci, "new", "--image", lay+":v1")
	rootless := []string{}
	if os.Geteuid() != 0 {
		rootless = []string{"--rootless"}
	}
	bundle := filepath.Join(dir, "bundle")
	Run(t, umoci, append(append([]string{"unpack"}, rootless...), "--image", lay+":v1", bundle)...)
	if err := errors.Join(os.MkdirAll(bundle+"/rootfs/etc", 0o755), os.WriteFile(bundle+"/rootfs/etc/name", []byte("peer"), 0o644)); err != nil {
		t.Fatal(err)
	}
	Run(t, umoci, "repack", "--image", lay+":v1", bundle)
	if err := os.Remove(bundle + "/rootfs/etc/name"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle+"/rootfs/etc/other", []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	Run(t, umoci, "config", "--image", lay+":v1", "--config.entrypoint", "/bin/x", "--config.user", "7")
	want := map[string]string{"etc": "d", "etc/name": "f peer"}
	docker := filepath.Join(dir, "docker.tar")
	Run(t, skopeo, "--insecure-policy", "copy", "--quiet", "oci:"+lay+":v1", "docker-archive:"+docker+":peer:v1")
	archive := filepath.Join(dir, "oci.tar")
	Run(t, skopeo, "--insecure-policy", "copy", "--quiet", "oci:"+lay+":v1", "oci-archive:"+archive+":v1")
	for _, path := range []string{lay, docker, archive} {
		img := open(t, path, image.Options{})
		if diff := cmp.Diff(want, unpacked(t, img)); diff != "" {
			t.Error(path, diff)
		}
		if c := img.Command; c.User != "7" || c.Entrypoint[0] != "/bin/x" {
			t.Errorf("%s: %+v", path, c)
		}
	}
	if img := open(t, bundle, image.Options{}); img.Format != image.Bundle || img.Dir != bundle+"/rootfs" {
		t.Errorf("bundle: %s %s", img.Format, img.Dir)
	}
}

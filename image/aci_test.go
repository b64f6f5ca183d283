package image_test

import (
	"context"
	"crypto/sha512"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/image"
	. "github.com/catbox-go/catbox/image/internal/tartest"
	"github.com/catbox-go/catbox/internal/testenv"
)

// worker is the example of the specification, shortened.
const worker = `{
	"acKind": "ImageManifest", "acVersion": "0.8.11", "name": "example.com/reduce-worker",
	"labels": [{"name": "version", "value": "1.0.0"}, {"name": "arch", "value": "amd64"}, {"name": "os", "value": "linux"}],
	"app": {
		"exec": ["/usr/bin/reduce-worker", "--quiet"], "user": "100", "group": "300", "supplementaryGids": [400, 500],
		"eventHandlers": [{"exec": ["/usr/bin/data-downloader"], "name": "pre-start"}, {"exec": ["/usr/bin/deregister-worker", "--verbose"], "name": "post-stop"}],
		"workingDirectory": "/opt/work",
		"environment": [{"name": "REDUCE_WORKER_DEBUG", "value": "true"}, {"name": "AC_APP_NAME", "value": "a lie"}],
		"isolators": [
			{"name": "resource/cpu", "value": {"request": "250m", "limit": "500m"}},
			{"name": "resource/memory", "value": {"limit": "2Gi"}},
			{"name": "os/linux/capabilities-retain-set", "value": {"set": ["CAP_NET_BIND_SERVICE"]}},
			{"name": "os/linux/no-new-privileges", "value": true},
			{"name": "os/linux/seccomp-remove-set", "value": {"errno": "ENOTSUP", "set": ["reboot"]}},
			{"name": "resource/network-bandwidth", "value": {"default": true, "limit": "1G"}},
			{"name": "example.com/own", "value": 7}
		],
		"mountPoints": [{"name": "work", "path": "/var/lib/work"}],
		"ports": [{"name": "health", "port": 4000, "protocol": "tcp", "socketActivated": true}, {"name": "ftp-data", "port": 20000, "count": 1000, "protocol": "tcp"}]
	}
}`

// aci is an image with a manifest and entries below rootfs/.
func aci(t testing.TB, manifest string, entries ...Entry) []byte {
	all := []Entry{{Name: "manifest", Body: manifest}, {Name: "rootfs/"}}
	for _, e := range entries {
		e.Name = "rootfs/" + e.Name
		if e.Hard != "" {
			e.Hard = "rootfs/" + e.Hard
		}
		all = append(all, e)
	}
	return Tar(t, all...)
}

func named(name, more string) string {
	return fmt.Sprintf(`{"acKind": "ImageManifest", "acVersion": "0.8.11", "name": %q%s}`, name, more)
}

func TestACI(t *testing.T) {
	data := aci(t, worker, Entry{Name: "usr/bin/reduce-worker", Body: "bin", Mode: 0o755}, Entry{Name: "h", Hard: "usr/bin/reduce-worker"})
	img := open(t, write(t, "any.name", data), image.Options{MetadataURL: "http://127.0.0.1:1/x", Executor: "catbox", Platform: "linux/amd64"})
	c := img.Command
	if img.Format != image.AppContainer || img.Name != "example.com/reduce-worker" || img.Platform != "linux/amd64" {
		t.Errorf("%s %s %s", img.Format, img.Name, img.Platform)
	}
	for _, d := range []string{
		cmp.Diff([]string{"/usr/bin/reduce-worker", "--quiet"}, c.Args()),
		cmp.Diff([]string{"sh"}, c.Args("sh")),
		cmp.Diff([]string{"REDUCE_WORKER_DEBUG=true", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"AC_APP_NAME=example.com/reduce-worker", "AC_METADATA_URL=http://127.0.0.1:1/x", "container=catbox"}, c.Env),
		cmp.Diff([]string{"/usr/bin/deregister-worker", "--verbose"}, c.Handler("post-stop")),
		cmp.Diff([]image.MountPoint{{Name: "work", Path: "/var/lib/work"}}, c.MountPoints),
		cmp.Diff([]image.Port{{Name: "health", Protocol: "tcp", First: 4000, Count: 1, SocketActivated: true}, {Name: "ftp-data", Protocol: "tcp", First: 20000, Count: 1000}}, c.Ports),
		cmp.Diff([]int{400, 500}, c.SupplementaryGIDs),
		cmp.Diff("/opt/work 100 300", c.Dir+" "+c.User+" "+c.Group),
		cmp.Diff(map[string]string{"usr": "d", "usr/bin": "d", "usr/bin/reduce-worker": "f bin", "h": "f bin"}, unpacked(t, img)),
	} {
		if d != "" {
			t.Error(d)
		}
	}
	id, err := img.Digest(context.Background())
	if want := fmt.Sprintf("sha512-%x", sha512.Sum512(data)); err != nil || id != want {
		t.Errorf("image ID %s, %v", id, err)
	}
}

func TestIsolators(t *testing.T) {
	img := open(t, write(t, "x.aci", aci(t, worker)), image.Options{Platform: "linux/amd64"})
	i := img.Command.Isolators
	if i[0].MilliCPU != 500 || !i[0].Enforceable || !strings.Contains(i[0].Why, "request") {
		t.Errorf("cpu %+v", i[0])
	}
	if i[1].MemoryBytes != 2<<30 || i[1].Why != "" {
		t.Errorf("memory %+v", i[1])
	}
	if diff := cmp.Diff([]string{"CAP_NET_BIND_SERVICE"}, i[2].Capabilities); diff != "" {
		t.Error(diff)
	}
	if !i[3].NoNewPrivs || i[4].Seccomp.Retain || i[4].Seccomp.Errno != "ENOTSUP" || i[4].Seccomp.Calls[0] != "reboot" {
		t.Errorf("%+v %+v", i[3], i[4])
	}
	if i[5].Enforceable || i[6].Enforceable {
		t.Error("bandwidth or an unknown isolator is said to be enforceable")
	}
	all := strings.Join(img.Warnings, "\n")
	for _, w := range []string{"resource/network-bandwidth is not enforced", "example.com/own is not enforced", "health is socket activated"} {
		if !strings.Contains(all, w) {
			t.Errorf("no warning has %q:\n%s", w, all)
		}
	}
}

func TestManifestMistakes(t *testing.T) {
	app := `, "app": {"user": "0", "group": "0", %s}`
	for _, test := range []struct {
		manifest string
		want     []string
	}{
		{`{`, []string{"not JSON"}},
		{`{"acKind": "PodManifest", "acVersion": "0.8.11", "name": "a"}`, []string{"acKind", "PodManifest", "ImageManifest"}},
		{`{"acKind": "ImageManifest", "acVersion": "8", "name": "a"}`, []string{"acVersion", `"8"`, "0.8.11"}},
		{`{"acKind": "ImageManifest", "acVersion": "1.0.0", "name": "a"}`, []string{"acVersion", "0.x"}},
		{named("", ""), []string{"name is missing"}},
		{named("Upper", ""), []string{`name is "Upper"`, "lowercase"}},
		{named("a", `, "labels": [{"name": "os", "value": "plan9"}]`), []string{"os", "plan9", "linux"}},
		{named("a", `, "labels": [{"name": "os", "value": "linux"}, {"name": "arch", "value": "arm64"}]`), []string{"arch", "arm64", "aarch64"}},
		{named("a", `, "labels": [{"name": "x", "value": "1"}, {"name": "x", "value": "2"}]`), []string{"labels[1].name", "already"}},
		{named("a", `, "labels": [{"name": "name", "value": "1"}]`), []string{"labels[0].name", "image's"}},
		{named("a", `, "app": {}`), []string{"app.user", "app.group"}},
		{named("a", fmt.Sprintf(app, `"exec": "ls"`)), []string{"app.exec", "JSON string", "a list"}},
		{named("a", fmt.Sprintf(app, `"exec": []`)), []string{"app.exec", "program"}},
		{named("a", fmt.Sprintf(app, `"workingDirectory": "tmp"`)), []string{"app.workingDirectory", `"tmp"`, "begin with /"}},
		{named("a", fmt.Sprintf(app, `"environment": [{"name": "1A", "value": ""}]`)), []string{"app.environment[0].name", "1A"}},
		{named("a", fmt.Sprintf(app, `"eventHandlers": [{"name": "pre-stop", "exec": ["x"]}]`)), []string{"eventHandlers[0].name", "pre-start or post-stop"}},
		{named("a", fmt.Sprintf(app, `"mountPoints": [{"name": "a b", "path": "x"}]`)), []string{"mountPoints[0].name", "mountPoints[0].path"}},
		{named("a", fmt.Sprintf(app, `"ports": [{"name": "p", "port": 70000, "protocol": "tcp"}]`)), []string{"ports[0].port", "70000", "65535"}},
		{named("a", fmt.Sprintf(app, `"ports": [{"name": "p", "port": 65000, "count": 1000, "protocol": "tcp"}]`)), []string{"ports[0].count"}},
		{named("a", fmt.Sprintf(app, `"isolators": [{"name": "resource/memory", "value": {"limit": "2X"}}]`)), []string{"isolators[0]", "2X", "a quantity"}},
		{named("a", fmt.Sprintf(app, `"isolators": [{"name": "resource/memory"}]`)), []string{"isolators[0].value is missing"}},
		{named("a", fmt.Sprintf(app, `"isolators": [{"name": "os/linux/capabilities-retain-set", "value": {"set": ["net"]}}]`)), []string{"CAP_NET_BIND_SERVICE"}},
		{named("a", fmt.Sprintf(app, `"isolators": [{"name": "os/linux/seccomp-retain-set", "value": {"set": ["a"]}}, {"name": "os/linux/seccomp-remove-set", "value": {"set": ["a"]}}]`)), []string{"can't stand beside"}},
		{named("a", `, "dependencies": [{"imageName": "b", "imageID": "sha256-00"}]`), []string{"dependencies[0].imageID", "sha512-"}},
		{named("a", `, "pathWhitelist": ["etc"]`), []string{"pathWhitelist[0]", "begin with /"}},
		{named("a", `, "annotations": [{"name": "created", "value": "today"}]`), []string{"created", "today", "RFC 3339"}},
		{named("a", `, "annotations": [{"name": "homepage", "value": "ftp://x"}]`), []string{"homepage", "http"}},
	} {
		fails(t, write(t, "x.aci", aci(t, test.manifest)), image.Options{}, test.want...)
	}
}

func TestACIHasNothingElse(t *testing.T) {
	img := open(t, write(t, "x.aci", Tar(t, Entry{Name: "manifest", Body: named("a", "")}, Entry{Name: "rootfs/"}, Entry{Name: "extra", Body: "x"})), image.Options{})
	has(t, img.Unpack(context.Background(), t.TempDir(), image.UnpackOptions{}), `"extra"`, "only manifest and rootfs")
	fails(t, write(t, "x.aci", Tar(t, Entry{Name: "rootfs/"}, Entry{Name: "rootfs/x"})), image.Options{}, "no manifest")
	fails(t, write(t, "x.aci", Tar(t, Entry{Name: "manifest", Body: strings.Repeat(" ", 5<<20)})), image.Options{}, "manifest", "no image manifest")
}

func TestCompressions(t *testing.T) {
	for _, program := range []string{"gzip", "bzip2", "xz", "zstd"} {
		t.Run(program, func(t *testing.T) {
			path := testenv.Command(t, program)
			cmd := exec.Command(path, "-c")
			cmd.Stdin = strings.NewReader(string(aci(t, worker, Entry{Name: "x", Body: strings.Repeat("y", 1<<20)})))
			data, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			img := open(t, write(t, "x", data), image.Options{Platform: "linux/amd64"})
			if got := unpacked(t, img)["x"]; len(got) != 1<<20+2 {
				t.Errorf("%d bytes", len(got))
			}
			cut := write(t, "cut", data[:len(data)-20])
			img, err = image.Open(cut, image.Options{})
			if err == nil {
				defer img.Close()
				err = img.Unpack(context.Background(), t.TempDir()+"/r", image.UnpackOptions{})
			}
			has(t, err, program)
		})
	}
}

func TestDependencies(t *testing.T) {
	d := write(t, "d.aci", aci(t, named("d", ""), Entry{Name: "who", Body: "d"}, Entry{Name: "d", Body: "d"}, Entry{Name: "lib", Link: "usr"}, Entry{Name: "usr/"}))
	b := write(t, "b.aci", Gzip(t, aci(t, named("b", `, "dependencies": [{"imageName": "d"}], "pathWhitelist": ["/b", "/d"]`), Entry{Name: "who", Body: "b"}, Entry{Name: "b", Body: "b"})))
	old := write(t, "c1.aci", aci(t, named("c", `, "labels": [{"name": "version", "value": "1"}]`), Entry{Name: "who", Body: "c1"}))
	c := write(t, "c2.aci", aci(t, named("c", `, "labels": [{"name": "version", "value": "2"}], "dependencies": [{"imageName": "d"}]`), Entry{Name: "who", Body: "c"}, Entry{Name: "lib/x", Body: "x"}))
	top := aci(t, named("a", `, "dependencies": [{"imageName": "b"}, {"imageName": "c", "labels": [{"name": "version", "value": "2"}]}]`), Entry{Name: "a", Body: "a"})
	a := write(t, "a.aci", top)
	img := open(t, a, image.Options{Dependencies: []string{d, b, old, c}})
	want := map[string]string{"a": "f a", "b": "f b", "d": "f d", "who": "f c", "lib": "d", "lib/x": "f x", "usr": "d"}
	if diff := cmp.Diff(want, unpacked(t, img)); diff != "" {
		t.Error(diff)
	}
	fails(t, a, image.Options{}, "a needs b", "no image files were given")
	fails(t, a, image.Options{Dependencies: []string{d, b, old}}, "a needs c,version=2", `label version is "1", not "2"`)
	fails(t, a, image.Options{Dependencies: []string{b, c}}, "b needs d", "not among", "b, c")
}

func TestDependencyIsWhatItSays(t *testing.T) {
	data := aci(t, named("d", ""), Entry{Name: "x", Body: "x"})
	d := write(t, "d.aci", Gzip(t, data))
	right := fmt.Sprintf("sha512-%x", sha512.Sum512(data))
	fi, err := os.Stat(d)
	if err != nil {
		t.Fatal(err)
	}
	need := func(more string) string {
		return write(t, "a.aci", aci(t, named("a", `, "dependencies": [{"imageName": "d"`+more+`}]`)))
	}
	open(t, need(fmt.Sprintf(`, "imageID": %q, "size": %d`, right, fi.Size())), image.Options{Dependencies: []string{d}})
	fails(t, need(`, "imageID": "sha512-`+strings.Repeat("0", 128)+`"`), image.Options{Dependencies: []string{d}}, "image ID", "d.aci")
	fails(t, need(`, "size": 7`), image.Options{Dependencies: []string{d}}, "bytes, not 7")
}

func TestDependencyCircle(t *testing.T) {
	a := write(t, "a.aci", aci(t, named("a", `, "dependencies": [{"imageName": "b"}]`)))
	b := write(t, "b.aci", aci(t, named("b", `, "dependencies": [{"imageName": "a"}]`)))
	fails(t, a, image.Options{Dependencies: []string{a, b}}, "circle", "a.aci", "b.aci")
}

// TestPathWhitelistsOnTheWay: a file has to be on every list that leads to it.
func TestPathWhitelistsOnTheWay(t *testing.T) {
	low := write(t, "l.aci", aci(t, named("low", `, "pathWhitelist": ["/both", "/low"]`), Entry{Name: "both"}, Entry{Name: "low"}, Entry{Name: "top"}))
	img := open(t, write(t, "t.aci", aci(t, named("t", `, "dependencies": [{"imageName": "low"}], "pathWhitelist": ["/both", "/top"]`))),
		image.Options{Dependencies: []string{low}})
	if diff := cmp.Diff(map[string]string{"both": "f "}, unpacked(t, img)); diff != "" {
		t.Error(diff)
	}
}

func TestPathWhitelist(t *testing.T) {
	img := open(t, write(t, "a.aci", aci(t, named("a", `, "pathWhitelist": ["/etc/keep", "/opt/"]`),
		Entry{Name: "etc/"}, Entry{Name: "etc/keep", Body: "k"}, Entry{Name: "etc/drop", Body: "d"}, Entry{Name: "opt/"}, Entry{Name: "opt/x", Body: "x"}, Entry{Name: "usr/"})), image.Options{})
	if diff := cmp.Diff(map[string]string{"etc": "d", "etc/keep": "f k", "opt": "d"}, unpacked(t, img)); diff != "" {
		t.Error(diff)
	}
}

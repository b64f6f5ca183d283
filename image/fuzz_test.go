package image_test

import (
	"testing"

	"github.com/catbox-go/catbox/image/internal/appc"
)

// FuzzManifest: whatever it is fed, the reader of manifests returns, and what
// it takes has what the specification requires.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(worker))
	f.Add([]byte(named("a", `, "app": {"user": "0", "group": "0", "isolators": [{"name": "resource/cpu", "value": {"limit": "1e999999999"}}]}`)))
	f.Add([]byte(named("a", `, "dependencies": [{"imageName": "b", "labels": [{"name": "os", "value": "linux"}]}], "pathWhitelist": ["/x"]`)))
	f.Add([]byte(`{"app": {"isolators": [{"name": "os/linux/seccomp-remove-set", "value": null}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := appc.Parse(data)
		if err != nil {
			return
		}
		if m.ACKind != "ImageManifest" || m.Name == "" || m.ACVersion == "" {
			t.Errorf("taken: %+v", m)
		}
		if m.App != nil && (m.App.User == "" || m.App.Group == "") {
			t.Errorf("taken without user or group: %+v", m.App)
		}
	})
}

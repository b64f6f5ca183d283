package cyclonedx

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/internal/known"
	"github.com/catbox-go/catbox/report/internal/made"
	"github.com/catbox-go/catbox/report/materials"
)

func written(t *testing.T, k materials.Knower) (string, bom) {
	t.Helper()
	r, err := report.Load(made.Hello.Each, made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, materials.Of(r, k)); err != nil {
		t.Fatal(err)
	}
	var back bom
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	return b.String(), back
}

func TestBillOfMaterials(t *testing.T) {
	text, b := written(t, known.Knower{})
	if b.Format != "CycloneDX" || b.Spec != "1.6" || b.Version != 1 || b.Metadata.Component.Name != "hello-2.10" {
		t.Errorf("%+v", b)
	}
	// The pattern is that of the schema.
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.Serial) {
		t.Errorf("serial number %s", b.Serial)
	}
	refs := map[string]bool{build: true}
	byName := map[string]component{}
	for _, c := range append(b.Components, b.Metadata.Component.Components...) {
		if refs[c.Ref] {
			t.Errorf("%s is there twice", c.Ref)
		}
		refs[c.Ref] = true
		byName[c.Name] = c
	}
	want := component{
		Type: "library", Ref: "package:zlib1g-dev", Name: "zlib1g-dev", Version: "1:1.2.13", PURL: "pkg:deb/debian/zlib1g-dev@1:1.2.13",
		Properties: []property{{"catbox:use", "read"}, {"catbox:why", "/usr/include/zlib.h by cc1 <- gcc <- make <- sh"}},
	}
	if diff := cmp.Diff(want, byName["zlib1g-dev"]); diff != "" {
		t.Error(diff)
	}
	for _, d := range b.Dependencies {
		for _, ref := range append(d.DependsOn, d.Ref) {
			if !refs[ref] {
				t.Errorf("%s depends on %s, which is not there", d.Ref, ref)
			}
		}
	}
	if !refs["file:/home/me/hello-2.10/pkg/usr/bin/hello"] || refs["file:/home/me/hello-2.10/conftest.c"] {
		t.Error("what is built are the outputs that are there at the end")
	}
	for name, want := range map[string]component{
		"/home/me/hello-2.10/pkg/usr/bin/hello": {Hashes: []digest{{"SHA-1", known.SHA1}, {"SHA-256", known.SHA256}}},
		"/home/me/hello-2.10/config.log":        {Properties: []property{{"catbox:no-hash", "changed after the run"}}},
		"/home/me/hello-2.10/lib/part0.c":       {Hashes: []digest{{"SHA-1", known.SHA1}, {"SHA-256", known.SHA256}}},
	} {
		want.Type, want.Ref, want.Name = "file", "file:"+name, name
		if diff := cmp.Diff(want, byName[name]); diff != "" {
			t.Error(diff)
		}
	}
	if again, _ := written(t, known.Knower{}); again != text {
		t.Error("the same record gives another document")
	}
	if other, _ := written(t, nil); other == text {
		t.Error("versions are not in the document")
	}
}

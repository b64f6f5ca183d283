package cyclonedx

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/internal/made"
)

type describer struct{}

func (describer) Describe(name string) Component {
	if name != "zlib1g-dev" {
		return Component{}
	}
	return Component{Version: "1:1.2.13", PURL: "pkg:deb/debian/zlib1g-dev@1:1.2.13", Hashes: map[string]string{"SHA-256": "ab", "MD5": "cd"}}
}

func written(t *testing.T, d Describer) (string, bom) {
	t.Helper()
	r, err := report.Load(made.Hello.Each, made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, r, d); err != nil {
		t.Fatal(err)
	}
	var back bom
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	return b.String(), back
}

func TestBillOfMaterials(t *testing.T) {
	text, b := written(t, describer{})
	if b.Format != "CycloneDX" || b.Spec != "1.6" || b.Version != 1 || b.Metadata.Component.Name != "hello-2.10" {
		t.Errorf("%+v", b)
	}
	// The pattern is that of the schema.
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.Serial) {
		t.Errorf("serial number %s", b.Serial)
	}
	refs := map[string]bool{build: true}
	var found component
	for _, c := range append(b.Components, b.Metadata.Component.Components...) {
		if refs[c.Ref] {
			t.Errorf("%s is there twice", c.Ref)
		}
		refs[c.Ref] = true
		if c.Name == "zlib1g-dev" {
			found = c
		}
	}
	want := component{
		Type: "library", Ref: "package:zlib1g-dev", Name: "zlib1g-dev", Version: "1:1.2.13", PURL: "pkg:deb/debian/zlib1g-dev@1:1.2.13",
		Hashes:     []digest{{"MD5", "cd"}, {"SHA-256", "ab"}},
		Properties: []property{{"catbox:use", "read"}, {"catbox:why", "/usr/include/zlib.h by cc1 <- gcc <- make <- sh"}},
	}
	if diff := cmp.Diff(want, found); diff != "" {
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
	if again, _ := written(t, describer{}); again != text {
		t.Error("the same record gives another document")
	}
	if other, _ := written(t, nil); other == text {
		t.Error("versions are not in the document")
	}
}

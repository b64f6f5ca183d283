package spdx

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/internal/known"
	"github.com/catbox-go/catbox/report/internal/made"
	"github.com/catbox-go/catbox/report/materials"
)

func written(t *testing.T, k materials.Knower) (string, document) {
	t.Helper()
	r, err := report.Load(made.Hello.Each, made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, materials.Of(r, k)); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return b.String(), d
}

// ids returns what the document has by its identifier, each of which is there once.
func ids(t *testing.T, d document) map[string]string {
	t.Helper()
	names := map[string]string{documentID: d.Name}
	add := func(id, name string) {
		// SPDX 2.3, clause 7.2.
		if names[id] != "" || !regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`).MatchString(id) {
			t.Errorf("%s is no identifier of its own", id)
		}
		names[id] = name
	}
	for _, p := range d.Packages {
		add(p.ID, p.Name)
	}
	for _, f := range d.Files {
		add(f.ID, f.Name)
	}
	return names
}

func TestDocument(t *testing.T) {
	_, d := written(t, known.Knower{})
	if d.Version != "SPDX-2.3" || d.License != "CC0-1.0" || d.ID != documentID || d.Name != "hello-2.10" {
		t.Errorf("%+v", d)
	}
	if d.Creation.Created != "2026-11-22T09:30:00Z" || !slices.Equal(d.Creation.Creators, []string{"Tool: catbox-1.0"}) {
		t.Errorf("%+v", d.Creation)
	}
	if !regexp.MustCompile(`^https://[^#]*/[0-9a-f-]{36}$`).MatchString(d.Namespace) {
		t.Errorf("namespace %s", d.Namespace)
	}
	names := ids(t, d)
	related := map[string][]string{}
	for _, r := range d.Relationships {
		if names[r.Element] == "" || names[r.Related] == "" {
			t.Errorf("%+v is of what is not there", r)
		}
		related[r.Type] = append(related[r.Type], names[r.Element]+" "+names[r.Related])
	}
	for kind, want := range map[string]string{
		"DESCRIBES": "hello-2.10 hello-2.10", "BUILD_DEPENDENCY_OF": "zlib1g-dev hello-2.10", "BUILD_TOOL_OF": "make hello-2.10",
		"CONTAINS": "hello-2.10 ./home/me/hello-2.10/pkg/usr/bin/hello", "GENERATED_FROM": "hello-2.10 ./home/me/hello-2.10/lib/part0.c",
	} {
		if !slices.Contains(related[kind], want) {
			t.Errorf("%s: no %q among %q", kind, want, related[kind])
		}
	}
}

func TestPackagesSayWhatIsKnown(t *testing.T) {
	_, d := written(t, known.Knower{})
	i := slices.IndexFunc(d.Packages, func(p pkg) bool { return p.Name == "zlib1g-dev" })
	want := pkg{
		ID: "SPDXRef-Package-zlib1g-dev", Name: "zlib1g-dev", Version: "1:1.2.13", Location: "NOASSERTION",
		Refs:    []reference{{"PACKAGE-MANAGER", "purl", "pkg:deb/debian/zlib1g-dev@1:1.2.13"}},
		Comment: "read: /usr/include/zlib.h by cc1 <- gcc <- make <- sh",
	}
	if diff := cmp.Diff(want, d.Packages[i]); diff != "" {
		t.Error(diff)
	}
}

func TestFilesHaveChecksumsOrAreLeftOut(t *testing.T) {
	text, d := written(t, known.Knower{})
	contained := 0
	for _, r := range d.Relationships {
		if r.Type == "CONTAINS" {
			contained++
		}
	}
	for _, f := range d.Files {
		if diff := cmp.Diff([]checksum{{"SHA1", known.SHA1}, {"SHA256", known.SHA256}}, f.Checksums); diff != "" || strings.HasSuffix(f.Name, ".log") {
			t.Errorf("%s: %s", f.Name, diff)
		}
	}
	// All files hold the same, so that the sorted list is known (clause 7.9).
	sum := sha1.Sum([]byte(strings.Repeat(known.SHA1, contained)))
	want := &verification{hex.EncodeToString(sum[:]), []string{"./home/me/hello-2.10/config.log"}}
	if build := d.Packages[0]; !build.Analyzed || cmp.Diff(want, build.Code) != "" || contained < 3 {
		t.Errorf("%+v", build)
	} else if !strings.Contains(build.Comment, "; no checksum of 1 file: changed after the run") {
		t.Error(build.Comment)
	}
	if again, _ := written(t, known.Knower{}); again != text {
		t.Error("the same record and files give another document")
	}
}

func TestWithoutDigestsNothingIsAnalyzed(t *testing.T) {
	text, d := written(t, nil)
	if build := d.Packages[0]; build.Analyzed || build.Code != nil || len(d.Files) != 0 || strings.Contains(text, "checksumValue") {
		t.Errorf("%+v", build)
	}
}

func TestIdentifiersAreTold(t *testing.T) {
	if identifier("libc6-dev") != "libc6-dev" || identifier("libstdc++6") == identifier("libstdc--6") || identifier("a_b") == identifier("a+b") {
		t.Error(identifier("libstdc++6"), identifier("a_b"))
	}
}

package deb822

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParagraphs(t *testing.T) {
	text := "# first\n\nSource: x\nBuild-Depends: a,\n# not this\n b,\n\tc\nEmpty:\nURL: http://x:1/\n  \n\n\nPackage: y \r\n no colon here\nbroken\n"
	want := []Paragraph{
		{{"Source", "x"}, {"Build-Depends", "a,\n b,\n\tc"}, {"Empty", ""}, {"URL", "http://x:1/"}},
		{{"Package", "y\n no colon here"}},
	}
	got := slices.Collect(Paragraphs(text))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[0].Get("build-depends") != "a,\n b,\n\tc" || got[0].Get("Package") != "" {
		t.Errorf("%q", got[0])
	}
}

func TestParagraphsCanBeStopped(t *testing.T) {
	for p := range Paragraphs("a: 1\n\nb: 2\n") {
		if p.Get("a") != "1" {
			t.Errorf("went on to %q", p)
		}
		break
	}
}

func TestALineThatContinuesNothingIsIgnored(t *testing.T) {
	if got := slices.Collect(Paragraphs(" x\n\n y\n")); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

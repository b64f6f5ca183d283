package deps

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// builder builds what the fixture's packages are known to be for: it fails without foo.h, does
// not have the feature of prober, and gives each build its number.
func builder(builds *[][]string) func(context.Context, []string) (*Build, error) {
	return func(_ context.Context, hidden []string) (*Build, error) {
		*builds = append(*builds, hidden)
		b := &Build{Files: map[string]string{"a.o": "1", "config": "1", "stamp": time.Duration(len(*builds)).String()}, Elapsed: time.Second}
		has := func(part string) bool {
			return slices.ContainsFunc(hidden, func(path string) bool { return strings.Contains(path, part) })
		}
		switch {
		case has("/foo"):
			return &Build{Failed: "exit status 1", Output: []string{"cc a.c", "foo.h: No such file", "make: *** Error 1"}, Elapsed: time.Second}, nil
		case has("/probe"):
			b.Files["a.o"], b.Files["new"] = "2", "1"
			delete(b.Files, "config")
		}
		return b, nil
	}
}

func verify(t *testing.T, how Verifier) (*Report, [][]string) {
	t.Helper()
	r := analyze(t, input(t, build(), declaredText))
	var builds [][]string
	how.Build = builder(&builds)
	if err := r.Verify(context.Background(), how); err != nil {
		t.Fatal(err)
	}
	return r, builds
}

func trialOf(t *testing.T, r *Report, name string) *Trial {
	t.Helper()
	i := slices.IndexFunc(r.Verification.Trials, func(x *Trial) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("%s was not tried", name)
	}
	return r.Verification.Trials[i]
}

func TestVerify(t *testing.T) {
	r, builds := verify(t, Verifier{Packages: []string{"libfoo-dev", "prober", "unneeded-dev"}})
	v := r.Verification
	if len(builds) != 6 || v.Builds != 6 || v.Seconds != 6 { // two and one with everything
		t.Errorf("%d builds, %d told", len(builds), v.Builds)
	}
	if diff := cmp.Diff([]string{"a.o", "config"}, v.Results); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"stamp"}, v.Varying); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]Proof{"libfoo-dev": ProofNeeded, "prober": ProofChanges, "unneeded-dev": ProofUnused} {
		if got := trialOf(t, r, name); got.Proof != want {
			t.Errorf("%s: %s, want %s", name, got.Proof, want)
		}
	}
	if diff := cmp.Diff([]string{"a.o", "config", "new"}, trialOf(t, r, "prober").Differs); diff != "" {
		t.Error(diff)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"verified by 6 builds in 6 s, of which 2 results were compared\n",
		"\nunused: the same results without it\n  unneeded-dev\n",
		"  libfoo-dev: exit status 1: foo.h: No such file\n", "  prober: a.o, config, new\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
}

func TestVerifyOfAllThatIsDeclared(t *testing.T) {
	r, builds := verify(t, Verifier{})
	for _, trial := range r.Verification.Trials {
		if trial.Said == Undeclared {
			t.Errorf("%s is not declared, and was tried", trial.Name)
		}
		if tried := len(trial.Hidden) > 0; tried == (trial.Proof == ProofBase || trial.Proof == ProofStays) {
			t.Errorf("%s: %s, with %d paths hidden", trial.Name, trial.Proof, len(trial.Hidden))
		}
	}
	// What it brings goes with a meta package, and with others on demand.
	if got := trialOf(t, r, "meta").With; !slices.Contains(got, "real-dev") {
		t.Errorf("with meta goes %q", got)
	}
	if got := trialOf(t, r, "big-dev").With; got != nil {
		t.Errorf("with big-dev goes %q", got)
	}
	for _, hidden := range builds {
		if slices.Contains(hidden, "/usr") || slices.Contains(hidden, "/usr/include") {
			t.Errorf("a directory of all was hidden: %q", hidden)
		}
	}
}

func TestVerifyHidesOnDemandWhatAPackageBrings(t *testing.T) {
	r, _ := verify(t, Verifier{Closure: true})
	if got := trialOf(t, r, "big-dev").With; !slices.Contains(got, "small-dev") {
		t.Errorf("with big-dev goes %q", got)
	}
}

// What is undeclared is tried though others depend on it, as that is how it came to be there.
func TestVerifyOfWhatIsUndeclared(t *testing.T) {
	r, _ := verify(t, Verifier{Undeclared: true})
	glib := trialOf(t, r, "glib-dev")
	if glib.Proof != ProofUnused || glib.Said != Undeclared || !slices.Contains(glib.Stays, "gtk-dev") || !slices.Contains(glib.Hidden, "/usr/include/glib.h") {
		t.Errorf("%+v", glib)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if want := "\n  glib-dev (undeclared)\n"; !strings.Contains(text.String(), want) {
		t.Errorf("%q is not in\n%s", want, text.String())
	}
}

// A link goes with its package, and leads elsewhere where another has it too.
func TestVerifyNotesWhatWouldBeInItsPlace(t *testing.T) {
	r, _ := verify(t, Verifier{Packages: []string{"tool-b"}})
	if got := strings.Join(trialOf(t, r, "tool-b").Notes, "\n"); got != "/usr/bin/tool.a, which it diverts, would be back as tool" {
		t.Errorf("%q", got)
	}
}

func TestVerifyFindsThatNothingCanBeCompared(t *testing.T) {
	n := 0
	for _, test := range []struct {
		files func() map[string]string
		want  error
	}{
		{func() map[string]string { n++; return map[string]string{"a": strings.Repeat("x", n)} }, ErrSameResults},
		{func() map[string]string { return nil }, ErrNoResults},
	} {
		t.Run(test.want.Error(), func(t *testing.T) {
			r := analyze(t, input(t, build(), declaredText))
			err := r.Verify(context.Background(), Verifier{Build: func(context.Context, []string) (*Build, error) {
				return &Build{Files: test.files()}, nil
			}})
			if !errors.Is(err, test.want) || r.Verification != nil {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// Two builds may agree by chance in what differs in the next: that is not for want of a package.
func TestVerifyDoubtsWhatDiffers(t *testing.T) {
	n := 0
	r := analyze(t, input(t, build(), declaredText))
	err := r.Verify(context.Background(), Verifier{Packages: []string{"unneeded-dev"}, Build: func(context.Context, []string) (*Build, error) {
		n++
		return &Build{Files: map[string]string{"a": "1", "minute": strings.Repeat("x", n/3)}}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := trialOf(t, r, "unneeded-dev"); got.Proof != ProofUnused || n != 4 {
		t.Errorf("%+v after %d builds", got, n)
	}
}

func TestVerifyComparesPackagesIfThereAreAny(t *testing.T) {
	for _, test := range []struct {
		results []string
		proof   Proof
	}{{nil, ProofUnused}, {[]string{"config.log"}, ProofChanges}, {[]string{"../*.deb"}, ProofUnused}} {
		t.Run(strings.Join(test.results, ","), func(t *testing.T) {
			r := analyze(t, input(t, build(), declaredText))
			how := Verifier{Packages: []string{"unneeded-dev"}, Results: test.results}
			how.Build = func(_ context.Context, hidden []string) (*Build, error) {
				return &Build{Files: map[string]string{"../a.deb": "1", "config.log": strings.Join(hidden, " ")}}, nil
			}
			if err := r.Verify(context.Background(), how); err != nil {
				t.Fatal(err)
			}
			if got := trialOf(t, r, "unneeded-dev"); got.Proof != test.proof || len(got.Besides)+len(got.Differs) != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

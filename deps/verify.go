package deps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Proof is what comes out for a package that was taken out of the build.
type Proof string

const (
	// ProofNeeded: the build fails without it.
	ProofNeeded Proof = "needed"
	// ProofChanges: the build succeeds, with other results.
	ProofChanges Proof = "changes"
	// ProofUnused: the results are the same.
	ProofUnused Proof = "unused"
	// ProofStays: what is declared besides it depends on it, so it was not taken out.
	ProofStays Proof = "stays"
	// ProofBase: it is part of every build, and was not taken out.
	ProofBase Proof = "base"
)

// Build is one build of Verification.
type Build struct {
	// Failed says why it failed; "" if it did not.
	Failed string
	// Output is the end of what it said.
	Output []string
	// Files is what it made, by name: anything that is equal for equal files.
	Files   map[string]string
	Elapsed time.Duration
}

// Verifier builds again what was recorded, without one package after the other.
type Verifier struct {
	// Packages are those to take out; none: all that are declared.
	Packages []string
	// Undeclared has those tried as well that are used and not declared. Without Packages only.
	Undeclared bool
	// Closure has what only the package brought taken out with it.
	Closure bool
	// Results are patterns of the files that matter (see path.Match; without a slash
	// the last component is matched); none: packages, if the build makes any, or else all that it makes.
	Results []string
	// Build builds, with hidden paths not being there: a link that is among them is itself not there.
	// Its error ends the verification.
	Build func(ctx context.Context, hidden []string) (*Build, error)
	// Step, if not nil, is told before each build what is taken out ("": nothing), and
	// how many builds are done and to do.
	Step func(name string, done, all int)
}

// Verification is what came out of building again.
type Verification struct {
	Builds  int     `json:"builds"`
	Seconds float64 `json:"seconds"` // of all builds
	// Results are the files that were compared to find out.
	Results []string `json:"results"`
	// Varying are files that differ between two builds from which nothing is taken; they say nothing.
	Varying []string `json:"varying"`
	Trials  []*Trial `json:"trials"`
}

// Trial is what comes out for one package.
type Trial struct {
	Name     string   `json:"name"`
	Declared []string `json:"declared,omitempty"`
	Proof    Proof    `json:"proof"`
	// Said is the verdict that the record alone gives.
	Said Verdict `json:"said,omitempty"`
	// With are the packages that were taken out along with it.
	With []string `json:"with,omitempty"`
	// Stays are declared packages that depend on it.
	Stays []string `json:"stays,omitempty"`
	// Hidden are the paths that were not there, with all below them.
	Hidden []string `json:"hidden,omitempty"`
	// Differs are results that differ or are missing, Besides the same of other files.
	Differs []string `json:"differs,omitempty"`
	Besides []string `json:"besides,omitempty"`
	// Failed and Output are those of the build.
	Failed  string   `json:"failed,omitempty"`
	Output  []string `json:"output,omitempty"`
	Seconds float64  `json:"seconds,omitempty"`
	// Notes say where a machine without the package would differ from what was tried.
	Notes []string `json:"notes,omitempty"`

	build *Build // nil: there was none
}

// ErrSameResults says that nothing can be found out by comparing.
var ErrSameResults = errors.New("no result is the same in two builds from which nothing is taken: set SOURCE_DATE_EPOCH, or choose others")

// ErrNoResults says that a build made nothing.
var ErrNoResults = errors.New("the build makes nothing that can be compared: is the source as it was before it was built?")

// verification is one in progress.
type verification struct {
	how Verifier
	*Verification
	ctx       context.Context
	planned   int
	reference map[string]string
	varies    map[string]bool
}

// Verify takes the packages out of the build one after the other and sets r.Verification.
// What was found out before an error is not kept.
func (r *Report) Verify(ctx context.Context, how Verifier) error {
	trials, err := r.trials(how)
	if err != nil {
		return err
	}
	v := &verification{how: how, Verification: &Verification{Trials: trials, Results: []string{}, Varying: []string{}}, ctx: ctx, varies: map[string]bool{}}
	v.planned = 2
	for _, t := range trials {
		if t.Proof == "" {
			v.planned++
		}
	}
	if err := v.refer(); err != nil {
		return err
	}
	for _, t := range trials {
		if t.Proof == "" {
			if err := v.try(t); err != nil {
				return err
			}
		}
	}
	if err := v.doubt(); err != nil {
		return err
	}
	slices.Sort(v.Varying)
	r.Verification = v.Verification
	return nil
}

// build builds without the paths.
func (v *verification) build(name string, hidden []string) (*Build, error) {
	if v.how.Step != nil {
		v.how.Step(name, v.Builds, v.planned)
	}
	b, err := v.how.Build(v.ctx, hidden)
	if err != nil {
		return nil, err
	}
	v.Builds++
	v.Seconds += b.Elapsed.Seconds()
	return b, nil
}

// whole builds with nothing hidden.
func (v *verification) whole() (*Build, error) {
	b, err := v.build("", nil)
	if err == nil && b.Failed != "" {
		err = fmt.Errorf("the build fails though nothing is taken from it: %s\n%s", b.Failed, strings.Join(b.Output, "\n"))
	}
	return b, err
}

// refer builds twice, to learn what the results are and what differs in any two builds.
func (v *verification) refer() error {
	first, err := v.whole()
	if err != nil {
		return err
	}
	v.reference = first.Files
	second, err := v.whole()
	if err != nil {
		return err
	}
	if len(first.Files) == 0 {
		return ErrNoResults
	}
	v.vary(second)
	v.Results = v.results()
	if len(v.Results) == 0 {
		return ErrSameResults
	}
	return nil
}

// vary notes what differs in a build from which nothing is taken.
func (v *verification) vary(b *Build) {
	for _, name := range differing(v.reference, b.Files) {
		if !v.varies[name] {
			v.varies[name] = true
			v.Varying = append(v.Varying, name)
		}
	}
}

func (v *verification) try(t *Trial) error {
	b, err := v.build(t.Name, t.Hidden)
	if err != nil {
		return err
	}
	t.build, t.Seconds = b, b.Elapsed.Seconds()
	v.judge(t)
	return nil
}

// judge gives the verdict.
func (v *verification) judge(t *Trial) {
	if t.build.Failed != "" {
		t.Proof, t.Failed, t.Output = ProofNeeded, t.build.Failed, t.build.Output
		return
	}
	t.Proof, t.Differs, t.Besides = ProofUnused, nil, nil
	for _, name := range differing(v.reference, t.build.Files) {
		switch {
		case v.varies[name]:
		case slices.Contains(v.Results, name) || v.extra(name):
			t.Proof, t.Differs = ProofChanges, append(t.Differs, name)
		default:
			t.Besides = append(t.Besides, name)
		}
	}
}

// doubt builds once more with nothing hidden if some result was found to differ. Two builds of
// the same minute may agree by chance in what one of the next does not.
func (v *verification) doubt() error {
	changes := func(t *Trial) bool { return t.Proof == ProofChanges }
	if !slices.ContainsFunc(v.Trials, changes) {
		return nil
	}
	v.planned++
	b, err := v.whole()
	if err != nil {
		return err
	}
	v.vary(b)
	v.Results = slices.DeleteFunc(v.Results, func(name string) bool { return v.varies[name] })
	if len(v.Results) == 0 {
		return ErrSameResults
	}
	for _, t := range v.Trials {
		if t.build != nil {
			v.judge(t)
		}
	}
	return nil
}

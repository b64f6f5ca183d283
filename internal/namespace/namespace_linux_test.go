package namespace

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/catbox-go/catbox/internal/paths"
)

func TestByDepthPutsADirectoryBeforeWhatIsBelow(t *testing.T) {
	path := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "a-b", "a b", ".", "~", "0"}), 1, 4),
		func(parts []string) string { return "/" + strings.Join(parts, "/") })
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.SliceOf(path).Draw(t, "paths")
		before := slices.Clone(given)
		sorted := byDepth(given)
		if !slices.Equal(given, before) {
			t.Fatal("it changed its argument")
		}
		for i, p := range sorted {
			if slices.Contains(sorted[i+1:], p) {
				t.Fatalf("%s is there twice", p)
			}
			for _, later := range sorted[i+1:] {
				if paths.Under(p, later) {
					t.Fatalf("%s comes before %s", p, later)
				}
			}
		}
		for _, p := range given {
			if !slices.Contains(sorted, p) {
				t.Fatalf("%s was lost", p)
			}
		}
	})
}

func TestUnescapeOctal(t *testing.T) {
	for escaped, want := range map[string]string{
		"": "", "/a": "/a", `/a\040b`: "/a b", `/a\011b\012c\134d`: "/a\tb\nc\\d", `\043`: "#",
		`\`: `\`, `\04`: `\04`, `\0x0`: `\0x0`, `\999`: `\999`, `a\040`: "a ",
	} {
		if got := paths.Unescape(escaped); got != want {
			t.Errorf("%q is %q, want %q", escaped, got, want)
		}
	}
}

// The kernel shows mount points so that paths.Unescape can undo it: seq_path() escapes " \t\n\\".
func TestUnescapeOctalUndoesWhatTheKernelDoes(t *testing.T) {
	kernel := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.ByteRange(1, 255)).Draw(t, "s"))
		if got := paths.Unescape(kernel.Replace(s)); got != s {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func TestMountPointsHaveTheRoot(t *testing.T) {
	points, err := mountPoints()
	if err != nil || !slices.Contains(points, "/") || !slices.Contains(points, "/proc") {
		t.Errorf("%q, %v", points, err)
	}
}

func names(p Plan) []string {
	var all []string
	for _, s := range p.Steps() {
		all = append(all, s.Name)
	}
	return all
}

// The order is what makes the view right: what is kept is opened before
// anything is covered, and put back before anything below it is protected.
func TestStepsOfAPlan(t *testing.T) {
	full := Plan{Loopback: true, Dev: true, Proc: true, Dir: "/"}
	for _, test := range []struct {
		change func(*Plan)
		want   []string
	}{
		{func(*Plan) {}, []string{"bring the loopback up", "make mounts private", "open devices", "open the places to write", "open the places to keep",
			"make the host read-only", "mount private directories", "mount /dev", "mount /proc", "put places back",
			"make places below read-only", "hide", "change the directory"}},
		{func(p *Plan) { p.Readable = []string{} }, []string{"bring the loopback up", "make mounts private", "open devices", "open the places to write", "open the places to keep",
			"make a new root", "mount private directories", "mount /dev", "mount /proc", "put places back",
			"make places below read-only", "change the root", "hide", "change the directory"}},
		{func(p *Plan) {
			*p = Plan{Dev: true, Proc: true, RootDir: "/srv/root", Mounts: []Mount{{}}, Files: []File{{}}}
		}, []string{
			"make mounts private", "open devices", "open /proc", "open what is to be mounted", "change to the root filesystem", "open the places to write", "open the places to keep",
			"make the host read-only", "mount private directories", "mount /dev", "mount /proc", "put places back", "mount", "make files",
			"make places below read-only", "hide"}},
		{func(p *Plan) { *p = Plan{AnyWrite: true} }, []string{"make mounts private", "open the places to write", "open the places to keep",
			"mount private directories", "put places back", "make places below read-only", "hide"}},
	} {
		p := full
		test.change(&p)
		if got := names(p); !slices.Equal(got, test.want) {
			t.Errorf("%+v:\n got %q\nwant %q", p, got, test.want)
		}
	}
}

func TestRunStopsAtTheFirstFailureAndNamesIt(t *testing.T) {
	var done []string
	step := func(name string, err error) Step {
		return Step{name, func() error { done = append(done, name); return err }}
	}
	err := Run([]Step{step("a", nil), step("b", unix.EPERM), step("c", nil)})
	var failed *StepError
	if !errors.As(err, &failed) || failed.Step != "b" || !errors.Is(err, fs.ErrPermission) || err.Error() != "b: operation not permitted" {
		t.Errorf("%v", err)
	}
	if !slices.Equal(done, []string{"a", "b"}) {
		t.Errorf("%q were done", done)
	}
}

func TestDevicesAreThoseThatAreThere(t *testing.T) {
	got := Devices("")
	if !slices.Contains(got, "/dev/null") || slices.Contains(got, "") {
		t.Errorf("%q", got)
	}
	if got := Devices("/dev/pts/none"); slices.Contains(got, "/dev/pts/none") {
		t.Errorf("%q", got)
	}
	if slices.Contains(Devices(""), "/dev/zero") != slices.Contains(Devices("/dev/zero"), "/dev/zero") || len(devices) != 6 {
		t.Error("the list of devices was changed")
	}
}

// Package materials gathers what a bill of materials of a run says, whatever it is written in: what was
// built, of which files, with which packages.
//
// A record has the names of files and not what they hold. The digests are of what the
// files hold when the bill is made, and come from a [Knower]. One that is not known is left
// out, with the reason; none is made up.
package materials

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/report"
)

// Bill is what a bill of materials says. All names are fit to be printed.
type Bill struct {
	*report.Run
	// Name is what was built, by the directory in which the command ran.
	Name     string
	Packages []Package // by how sure their use is, then name
	// Outputs are the files that the run made or changed, and that were there at its end;
	// Sources those that it read or executed and that no package has. By path.
	Outputs, Sources []File
}

// Package is a package of which the run used files.
type Package struct {
	Name string
	Description
	Use report.Sure
	// Why is the file that is the reason for Use, with who used it.
	Why string
}

// Description is what is known of a package besides its name.
type Description struct {
	Version string
	// PURL is its package URL, "" if it has none.
	PURL string
}

// File is one with its digest.
type File struct {
	Path string
	Digest
	// Unknown says why there is no digest; "" if there is one.
	Unknown string
}

// Digest is what identifies the content of a file, in hexadecimal digits. Its zero value: it is not known.
type Digest struct{ SHA1, SHA256 string }

// Knower knows what is not in a record.
type Knower interface {
	// Describe is about a package, by the name that [report.Owners] gave it.
	Describe(name string) Description
	// Digest is of what a file holds now. If that is not known, or is not what the run left there,
	// it says why.
	Digest(path string) (d Digest, unknown string)
}

// unasked is why nothing is known without a Knower.
const unasked = "not looked for"

type nothing struct{}

func (nothing) Describe(string) Description    { return Description{} }
func (nothing) Digest(string) (Digest, string) { return Digest{}, unasked }

// Of makes the bill of a run. If the Knower is nil, it has no versions and no digests.
func Of(r *report.Run, k Knower) *Bill {
	if k == nil {
		k = nothing{}
	}
	b := &Bill{Run: r, Name: name(r)}
	for i := range r.Packages {
		p := &r.Packages[i]
		b.Packages = append(b.Packages, Package{
			Name: report.Visible(p.Name), Description: k.Describe(p.Name), Use: p.Sure,
			Why: report.Visible(r.Paths.Path(p.Why)) + " by " + r.ChainText(p.By),
		})
	}
	b.Outputs = files(r, k, isOutput)
	b.Sources = files(r, k, isSource)
	return b
}

func name(r *report.Run) string {
	name := path.Base(r.Start.Dir)
	if name == "." || name == "/" {
		return r.Command()
	}
	return report.Visible(name)
}

func isOutput(_ string, f *report.File) bool { return f.Role&report.Output != 0 }

// isSource tells that the content of the file was used. What the kernel makes up is no material, and
// what package managers know of packages is none.
func isSource(name string, f *report.File) bool {
	used := f.Use == report.Read || f.Use == report.Execute
	return f.Role == report.Input && used && f.Owner < 0 && !report.OfKernel(name) && !paths.UnderAny(name, packages.Kept)
}

func files(r *report.Run, k Knower, wanted func(string, *report.File) bool) []File {
	var all []File
	for i := range r.Files {
		name := r.Paths.Path(report.PathID(i))
		if f := &r.Files[i]; f.Dir || !wanted(name, f) {
			continue
		}
		digest, unknown := k.Digest(name)
		all = append(all, File{report.Visible(name), digest, unknown})
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// DigestsAre says in a bill what its digests are of.
const DigestsAre = "of the files as they were when this was written; there is none of a file that was changed or removed after the run"

// UUID is made of a hash of what a document says (RFC 9562, version 8), so that the same
// gives the same.
func UUID(sum [sha256.Size]byte) string {
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

package image

import (
	"fmt"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// wanted is the platform to choose.
func (o Options) wanted() (v1.Platform, error) {
	if o.Platform == "" {
		return v1.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}, nil
	}
	p, err := v1.ParsePlatform(o.Platform)
	if err != nil || p.OS == "" || p.Architecture == "" {
		return v1.Platform{}, fmt.Errorf("platform %q: it has to be os/architecture[/variant], as in linux/arm64", o.Platform)
	}
	return *p, nil
}

// warnPlatform says that the image is for another machine: it may still do, as
// linux/386 on linux/amd64, or with binfmt_misc.
func (img *Image) warnPlatform(o Options) {
	want, err := o.wanted()
	if err != nil {
		return // Open says so
	}
	have := strings.Split(img.Platform, "/")
	if have[0] != want.OS || len(have) > 1 && have[1] != want.Architecture {
		img.warn("the image is for %s, not %s", img.Platform, want)
	}
}

// choose picks the manifest for a platform from an index.
func choose(list []v1.Descriptor, want v1.Platform) (v1.Descriptor, error) {
	var names []string
	for _, d := range list {
		if d.Platform == nil || d.Platform.OS == "unknown" {
			continue // attestations of buildkit have unknown/unknown
		}
		if d.Platform.Satisfies(want) {
			return d, nil
		}
		names = append(names, d.Platform.String())
	}
	if names == nil && len(list) == 1 {
		return list[0], nil
	}
	return v1.Descriptor{}, fmt.Errorf("the index has nothing for %s, only for: %s", want, strings.Join(names, ", "))
}

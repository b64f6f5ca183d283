package appc

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/catbox-go/catbox/internal/lazyregexp"
)

// Forms of types.md, and of aci.md for variables.
var (
	identifier = form{lazyregexp.New(`^[a-z0-9]+([-._~/][a-z0-9]+)*$`),
		"an AC Identifier has lowercase letters and digits, with single - . _ ~ / between them, as in example.com/app"}
	acName = form{lazyregexp.New(`^[a-z0-9]+([-][a-z0-9]+)*$`),
		"an AC Name has lowercase letters and digits, with single - between them, as in web-port"}
	variable = form{lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.-]*$`),
		"a variable's name has letters, digits, _ . and -, and does not begin with a digit"}
	imageID = form{lazyregexp.New(`^sha512-[0-9a-f]{128}$`),
		"an image ID is sha512- and the 128 hexadecimal digits of the uncompressed tar's SHA-512"}
	// semver.org, "Is there a suggested regular expression".
	semver = form{lazyregexp.New(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`),
		"a version of the specification is three numbers, as in 0.8.11"}
)

// form is a pattern and the words for it.
type form struct {
	re   *lazyregexp.Regexp
	want string
}

// platforms are the values of the labels os and arch (schema/types/labels.go,
// ValidOSArch).
var platforms = map[string][]string{
	"linux":   {"amd64", "i386", "aarch64", "aarch64_be", "armv6l", "armv7l", "armv7b", "ppc64", "ppc64le", "s390x"},
	"freebsd": {"amd64", "i386", "arm"},
	"darwin":  {"x86_64", "i386"},
}

// checker gathers the mistakes.
type checker struct{ errs []error }

func (c *checker) add(field, value, want string) {
	const most = 80
	if len(value) > most {
		value = value[:most] + "..."
	}
	c.errs = append(c.errs, &FieldError{field, strconv.Quote(value), want})
}

func (c *checker) missing(field, want string) {
	c.errs = append(c.errs, &FieldError{field, "missing", want})
}

func (c *checker) match(field, value string, f form) {
	switch {
	case value == "":
		c.missing(field, f.want)
	case !f.re.MatchString(value):
		c.add(field, value, f.want)
	}
}

func (c *checker) absolute(field, value string) {
	switch {
	case value == "":
		c.missing(field, "a path that begins with /")
	case !path.IsAbs(value):
		c.add(field, value, "the path has to begin with /")
	case strings.Contains(value, "\x00"):
		c.add(field, value, "a path can't hold a NUL byte")
	}
}

func (m *Manifest) check() error {
	c := &checker{}
	if m.ACKind != "ImageManifest" {
		c.add("acKind", m.ACKind, `it has to be "ImageManifest"`)
	}
	c.version(m.ACVersion)
	c.match("name", m.Name, identifier)
	c.labels("labels", m.Labels)
	if m.App != nil {
		c.app(m.App)
	}
	for i, d := range m.Dependencies {
		c.dependency(fmt.Sprintf("dependencies[%d]", i), d)
	}
	for i, p := range m.PathWhitelist {
		c.absolute(fmt.Sprintf("pathWhitelist[%d]", i), p)
	}
	c.annotations(m.Annotations)
	return errors.Join(c.errs...)
}

// version wants a version of the series that this package knows: 0.x, whose
// manifests are compatible (types.md, "AC Version Type").
func (c *checker) version(v string) {
	c.match("acVersion", v, semver)
	if semver.re.MatchString(v) && !strings.HasPrefix(v, "0.") {
		c.add("acVersion", v, "only versions 0.x of the specification are known, the last being 0.8.11")
	}
}

func (c *checker) labels(field string, labels []NameValue) {
	c.unique(field, labels, identifier)
	for i, l := range labels {
		if l.Name == "name" {
			c.add(fmt.Sprintf("%s[%d].name", field, i), l.Name, "a label can't be called name: that is the image's")
		}
	}
	system, ok := get(labels, "os")
	if !ok {
		return
	}
	archs, known := platforms[system]
	if !known {
		c.add(field+": os", system, "it has to be one of darwin, freebsd, linux")
		return
	}
	if arch, ok := get(labels, "arch"); ok && !slices.Contains(archs, arch) {
		c.add(field+": arch", arch, "for "+system+" it has to be one of "+strings.Join(archs, ", "))
	}
}

func (c *checker) unique(field string, list []NameValue, f form) {
	seen := map[string]bool{}
	for i, nv := range list {
		at := fmt.Sprintf("%s[%d].name", field, i)
		c.match(at, nv.Name, f)
		if seen[nv.Name] {
			c.add(at, nv.Name, "there is one of that name already")
		}
		seen[nv.Name] = true
	}
}

func (c *checker) annotations(list []NameValue) {
	c.unique("annotations", list, identifier)
	for _, a := range list {
		switch field := "annotations: " + a.Name; a.Name {
		case "created":
			if _, err := time.Parse(time.RFC3339, a.Value); err != nil {
				c.add(field, a.Value, "it has to be a date as in 2014-10-27T19:32:27Z (RFC 3339)")
			}
		case "homepage", "documentation":
			if u, err := url.Parse(a.Value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				c.add(field, a.Value, "it has to be a URL with http or https")
			}
		case "appc.io/executor/supports-systemd-notify":
			if a.Value != "true" && a.Value != "false" {
				c.add(field, a.Value, `it has to be "true" or "false"`)
			}
		}
	}
}

func (c *checker) dependency(field string, d Dependency) {
	c.match(field+".imageName", d.ImageName, identifier)
	if d.ImageID != "" {
		c.match(field+".imageID", d.ImageID, imageID)
	}
	c.labels(field+".labels", d.Labels)
	if d.Size != nil && *d.Size < 0 {
		c.add(field+".size", strconv.FormatInt(*d.Size, 10), "a size in bytes is not negative")
	}
}

// Package appc reads image manifests of the App Container specification
// (github.com/appc/spec, version 0.8.11: spec/aci.md, ace.md and types.md), and
// says of each mistake in one which field it is, what it holds and what would
// be right.
package appc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Manifest is an image manifest. Fields are those of the specification.
type Manifest struct {
	ACKind        string       `json:"acKind"`
	ACVersion     string       `json:"acVersion"`
	Name          string       `json:"name"`
	Labels        []NameValue  `json:"labels"`
	App           *App         `json:"app"` // nil: the image is no application, only a dependency of others
	Dependencies  []Dependency `json:"dependencies"`
	PathWhitelist []string     `json:"pathWhitelist"`
	Annotations   []NameValue  `json:"annotations"`
}

// NameValue is a label, an annotation or a variable of the environment.
type NameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// App says how the image is run.
type App struct {
	Exec              []string          `json:"exec"`
	User              string            `json:"user"`
	Group             string            `json:"group"`
	SupplementaryGIDs []uint32          `json:"supplementaryGIDs"`
	EventHandlers     []EventHandler    `json:"eventHandlers"`
	WorkingDirectory  string            `json:"workingDirectory"` // "": /
	Environment       []NameValue       `json:"environment"`
	MountPoints       []MountPoint      `json:"mountPoints"`
	Ports             []Port            `json:"ports"`
	Isolators         []Isolator        `json:"isolators"`
	UserAnnotations   map[string]string `json:"userAnnotations"`
	UserLabels        map[string]string `json:"userLabels"`
}

// EventHandler is a command to run at an event: pre-start or post-stop.
type EventHandler struct {
	Name string   `json:"name"`
	Exec []string `json:"exec"`
}

// MountPoint is where the app expects data from outside.
type MountPoint struct {
	Name     string `json:"name"`
	Path     string `json:"path"`
	ReadOnly bool   `json:"readOnly"`
}

// Port is one that the app listens on.
type Port struct {
	Name            string `json:"name"`
	Protocol        string `json:"protocol"`
	Port            int64  `json:"port"`
	Count           *int64 `json:"count"` // nil: 1
	SocketActivated bool   `json:"socketActivated"`
}

// Isolator is a constraint, its value as it stands in the manifest.
type Isolator struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

// Dependency is an image that lies below this one.
type Dependency struct {
	ImageName string      `json:"imageName"`
	ImageID   string      `json:"imageID"` // "": any
	Labels    []NameValue `json:"labels"`
	Size      *int64      `json:"size"` // bytes of the image file; nil: any
}

// String is the dependency as messages name it.
func (d Dependency) String() string {
	parts := []string{d.ImageName}
	for _, l := range d.Labels {
		parts = append(parts, l.Name+"="+l.Value)
	}
	if d.ImageID != "" {
		parts = append(parts, d.ImageID)
	}
	return strings.Join(parts, ",")
}

// MaxSize is the most bytes of a manifest: those of real images have a few
// thousand, and registries take no more of the OCI's either.
const MaxSize = 4 << 20

// Read reads a manifest, and checks it.
func Read(r io.Reader) (*Manifest, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

// Parse checks a manifest. The error joins one *FieldError for each mistake,
// unless it is no JSON at all.
func Parse(data []byte) (*Manifest, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("manifest: more than %d bytes: that is no image manifest", MaxSize)
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, jsonError(data, err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

// FieldError is a mistake in a manifest.
type FieldError struct {
	Field string // as in "app.ports[1].protocol"
	Value string // as in the manifest, shortened
	Want  string // what would be right
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("manifest: %s is %s: %s", e.Field, e.Value, e.Want)
}

func jsonError(data []byte, err error) error {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &FieldError{kind.Field, "a JSON " + kind.Value, "it has to be " + jsonKind(kind.Type.Kind().String())}
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		return fmt.Errorf("manifest: line %d: not JSON: %w", line, err)
	}
	return fmt.Errorf("manifest: %w", err)
}

func jsonKind(goKind string) string {
	switch goKind {
	case "slice":
		return "a list"
	case "struct", "map", "ptr":
		return "an object"
	case "bool":
		return "true or false"
	case "string":
		return "a string"
	}
	return "a whole number that is not negative"
}

// Label is the value of a label.
func (m *Manifest) Label(name string) (string, bool) { return get(m.Labels, name) }

// Annotation is the value of an annotation.
func (m *Manifest) Annotation(name string) (string, bool) { return get(m.Annotations, name) }

func get(list []NameValue, name string) (string, bool) {
	for _, nv := range list {
		if nv.Name == name {
			return nv.Value, true
		}
	}
	return "", false
}

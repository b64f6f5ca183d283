package declared

import (
	"errors"
	"fmt"
	"strings"

	"github.com/catbox-go/catbox/packages/deb822"
)

// buildFields are the fields of deb-src-control(5) that ask for packages.
// Build-Conflicts ask for none.
var buildFields = []string{"Build-Depends", "Build-Depends-Arch", "Build-Depends-Indep"}

// control reads debian/control, or a .dsc file: the first paragraph with a source package.
func (l *List) control(text string) error {
	for p := range deb822.Paragraphs(text) {
		if p.Get("Source") == "" {
			continue
		}
		for _, field := range buildFields {
			if err := l.relations(field, p.Get(field)); err != nil {
				return fmt.Errorf("%s: %w", field, err)
			}
		}
		return nil
	}
	if strings.TrimSpace(text) == "" {
		return errors.New("empty")
	}
	return errors.New("no paragraph with the field Source")
}

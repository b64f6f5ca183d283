package store_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record/store"
)

var update = flag.Bool("update", false, "write docs/record-schema.md instead of comparing it")

const schemaDoc = "../../docs/record-schema.md"

// part is a table or a view as its SQL describes it.
type part struct {
	kind, name, purpose string
	columns             [][2]string // name, comment
}

var (
	begins = regexp.MustCompile(`^CREATE (TABLE|VIEW) (\w+) \($`)
	column = regexp.MustCompile(`^    ([a-z_]+)(?:\s+[A-Z].*?)?,?(?:\s+-- (.*))?$`)
)

// describe reads what the schema says of itself.
func describe(schema string) (intro []string, parts []part) {
	head, rest, _ := strings.Cut(schema, "\n-- Tables\n")
	for line := range strings.Lines(head) {
		intro = append(intro, strings.TrimPrefix(strings.TrimPrefix(strings.TrimRight(line, "\n"), "--"), " "))
	}
	var p *part
	for line := range strings.Lines(rest) {
		line = strings.TrimRight(line, "\n")
		switch m := begins.FindStringSubmatch(line); {
		case m != nil:
			parts = append(parts, part{kind: strings.ToLower(m[1]), name: m[2]})
			p = &parts[len(parts)-1]
		case strings.HasPrefix(line, ")"):
			p = nil
		case p == nil:
		case strings.HasPrefix(line, "    --"):
			p.purpose = strings.TrimSpace(p.purpose + " " + strings.TrimPrefix(line, "    -- "))
		default:
			if m := column.FindStringSubmatch(line); m != nil {
				p.columns = append(p.columns, [2]string{m[1], m[2]})
			}
		}
	}
	return intro, parts
}

// document is docs/record-schema.md.
func document() string {
	intro, parts := describe(store.Schema())
	var b strings.Builder
	b.WriteString("<!-- Made from record/store/schema.sql by go test ./record/store -update -->\n# The schema of a record\n")
	fmt.Fprintf(&b, "This is version %d (`PRAGMA user_version`). `catbox record query FILE 'SELECT ...'` asks a record, and any SQLite tool does.\n",
		store.Version)
	b.WriteString("`catbox record schema` prints the schema in SQL.\n\n" + strings.Join(intro, "\n") + "\n")
	for _, kind := range []string{"view", "table"} {
		fmt.Fprintf(&b, "\n## %ss\n", strings.ToUpper(kind[:1])+kind[1:])
		for _, p := range parts {
			if p.kind == kind {
				b.WriteString(p.markdown())
			}
		}
	}
	return b.String()
}

func (p part) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n%s\n\n| column | |\n|---|---|\n", p.name, p.purpose)
	for _, c := range p.columns {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c[0], strings.ReplaceAll(c[1], "<-", "&lt;-"))
	}
	return b.String()
}

func TestTheDocumentIsWhatTheSchemaSays(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile(schemaDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaDoc)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run go test ./record/store -update\n%s", diff)
	}
}

func TestTheSchemaSaysAllThatIsThere(t *testing.T) {
	path := small(t, t.TempDir())
	_, parts := describe(store.Schema())
	var names []string
	for _, p := range parts {
		names = append(names, p.name+" "+p.kind)
		var columns []string
		for _, c := range p.columns {
			columns = append(columns, c[0])
			if c[1] == "" {
				t.Errorf("%s: nothing is said of %s", p.name, c[0])
			}
		}
		if diff := cmp.Diff(ask(t, path, "SELECT name FROM pragma_table_info(?)", p.name), columns); diff != "" {
			t.Errorf("%s: -there +described\n%s", p.name, diff)
		}
		if p.purpose == "" || strings.HasPrefix(p.purpose, "--") {
			t.Errorf("%s is for %q", p.name, p.purpose)
		}
	}
	there := ask(t, path, "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY rowid")
	if diff := cmp.Diff(there, names); diff != "" {
		t.Errorf("-there +described\n%s", diff)
	}
}

func TestTheQuestionsOfTheSchemaHaveAnswers(t *testing.T) {
	path := t.TempDir() + "/run.db"
	write(t, path, build())
	intro, _ := describe(store.Schema())
	questions := 0
	for _, line := range intro {
		if query, is := strings.CutPrefix(line, "    "); is {
			questions++
			ask(t, path, query)
		}
	}
	if questions < 5 {
		t.Errorf("only %d questions", questions)
	}
}

func TestTheVersionsOfTheFile(t *testing.T) {
	path := small(t, t.TempDir())
	if diff := cmp.Diff([]string{fmt.Sprint(0x63626f78)}, ask(t, path, "PRAGMA application_id")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{fmt.Sprint(store.Version)}, ask(t, path, "PRAGMA user_version")); diff != "" {
		t.Error(diff)
	}
}

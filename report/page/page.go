// Package page writes a report as one HTML file that needs nothing else.
//
// What a person sees first is plain HTML. The rest is data in the file, which its
// script shows. Names in a record are hostile: they are made visible by
// [report.Visible], and then written by html/template or encoding/json, which
// leave no character by which text could become markup; the script puts them
// into the page as text only. Behind that stands a content security policy that
// knows the page's own script and style by their hash and allows nothing else, so
// that the page loads nothing and sends nothing.
//
// The environment is not in the page: it is shown to others more often than a
// record, and environments hold secrets.
package page

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/catbox-go/catbox/report"
)

//go:embed assets
var assets embed.FS

// scripts are in the order in which they use each other.
var scripts = []string{"core.js", "table.js", "details.js", "timeline.js", "chart.js", "files.js", "layout.js", "graph.js", "views.js", "main.js"}

// layout is parsed when it is first used: most runs of catbox make no report.
var layout = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"thousands":  report.Thousands,
		"duration":   report.Duration,
		"less":       func(n int) int { return n - 1 },
		"difference": func(t report.Timing) string { return report.Duration(t.B - t.A) },
	}).ParseFS(assets, "assets/*.html"))
})

// Write writes the page of a run.
func Write(w io.Writer, r *report.Run) error {
	out := bufio.NewWriterSize(w, 1<<16)
	script, style := script(), asset("style.css")
	head := struct {
		Policy string
		Style  template.CSS
		summary
	}{policy(script, style), template.CSS(style), summarize(r)}
	if err := layout().ExecuteTemplate(out, "page.html", head); err != nil {
		return err
	}
	if err := writeData(out, r); err != nil {
		return err
	}
	// A write that fails makes all later ones fail, and Flush tells.
	_, _ = out.WriteString("<script>" + script + "</script>\n</body>\n</html>\n")
	return out.Flush()
}

// writeData writes the data where the script looks for it. Encoding escapes <, >
// and &, so that no name ends the element.
func writeData(w io.Writer, r *report.Run) error {
	if _, err := io.WriteString(w, `<script type="application/json" id="data">`); err != nil {
		return err
	}
	if err := json.NewEncoder(w).Encode(dataOf(r)); err != nil {
		return err
	}
	_, err := io.WriteString(w, "</script>\n")
	return err
}

// script is all of the script, in a scope of its own.
func script() string {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts {
		b.WriteString(asset(name))
	}
	b.WriteString("})();\n")
	return b.String()
}

// asset returns a file that is built in, without which there is no package.
func asset(name string) string {
	data, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// policy is the content security policy (W3C CSP 3).
func policy(script, style string) string {
	return "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) +
		"; img-src data:; base-uri 'none'; form-action 'none'"
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

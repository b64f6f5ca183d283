// Mutate takes the guards of the sandbox out, one at a time, in a copy of the
// source tree, and runs the rows of the catalogue that should notice.
//
//	go run ./internal/attack/mutate [-only REGEXP] [-v] [-doc FILE]
//
// It prints how many guards there are and how many a row noticed, names the
// others, and fails if there is one of those that is not expected to be silent
// because another wall stands behind it. With -doc it runs the whole catalogue
// too, and writes what came of both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	only    = flag.String("only", "", "only the guards that match `regexp`")
	verbose = flag.Bool("v", false, "print what the rows say")
	doc     = flag.String("doc", "", "write the matrix and what came of the guards to `file`")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tree := tree{dir}
	if err := copyTree(root, dir); err != nil {
		return err
	}
	if err := tree.build("whole.test"); err != nil {
		return err
	}
	matrix, err := tree.matrix()
	if err != nil {
		return err
	}
	t := tree.all(regexp.MustCompile(*only))
	fmt.Print(t.text())
	if *doc != "" {
		if err := os.WriteFile(*doc, []byte(page(matrix, t)), 0o644); err != nil {
			return err
		}
	}
	if len(t.unexpected) > 0 {
		return errors.New("guards are not tested")
	}
	return nil
}

// tally is what came of the guards.
type tally struct {
	killed                int
	survivors, unexpected []string
	noticed               [][2]string // guard, row
}

func (t *tally) count() int { return t.killed + len(t.survivors) + len(t.unexpected) }

// all takes every wanted guard out.
func (tree tree) all(wanted *regexp.Regexp) *tally {
	t := &tally{}
	for _, g := range guards {
		if !wanted.MatchString(g.name) || g.root && os.Geteuid() != 0 {
			continue
		}
		start := time.Now()
		row, err := g.try(tree)
		switch {
		case err != nil:
			t.unexpected = append(t.unexpected, fmt.Sprintf("%s: %v", g.name, err))
			row = "ERROR"
		case row != "":
			t.killed++
			t.noticed = append(t.noticed, [2]string{g.name, row})
		case g.behind != "":
			t.survivors = append(t.survivors, g.name+": "+g.behind)
		default:
			t.unexpected = append(t.unexpected, g.name+": no row noticed")
		}
		fmt.Printf("%-40s %-32s %.0f s\n", g.name, row, time.Since(start).Seconds())
	}
	return t
}

func (t *tally) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "guards %d, killed %d\n", t.count(), t.killed)
	for _, s := range t.survivors {
		fmt.Fprintln(&b, "survived, as expected:", s)
	}
	for _, s := range t.unexpected {
		fmt.Fprintln(&b, "SURVIVED:", s)
	}
	return b.String()
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// copyTree copies what building the tests takes.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel == ".git" || rel == "bench" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
}

// tree is the copy.
type tree struct{ dir string }

// try takes the guard out, runs the rows, and puts it back. It returns a row that
// is red without the guard, and not with every guard in its place.
func (g guard) try(tree tree) (row string, err error) {
	for _, e := range g.edits { // no two in one file
		path := filepath.Join(tree.dir, e.file)
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(data), e.old); n != 1 {
			return "", fmt.Errorf("the text of the guard is %d times in %s", n, e.file)
		}
		defer os.WriteFile(path, data, 0o644)
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), e.old, e.new, 1)), 0o644); err != nil {
			return "", err
		}
	}
	if err := tree.build("attack.test"); err != nil {
		return "", err
	}
	tries := 3 // a race may be won only the next time
	if g.behind != "" {
		tries = 1
	}
	for range tries {
		without, err := g.redRows(tree, "attack.test")
		if err != nil || len(without) == 0 {
			continue
		}
		with, err := g.redRows(tree, "whole.test")
		if err != nil {
			return "", err
		}
		without = slices.DeleteFunc(without, func(line string) bool { return slices.Contains(with, line) })
		if len(without) > 0 {
			return strings.Join(strings.Fields(without[0]), " "), nil
		}
	}
	return "", err
}

// build builds the tests as the tree is now.
func (tree tree) build(name string) error {
	build := exec.Command("go", "test", "-vet=off", "-c", "-o", name, "./internal/attack")
	build.Dir = tree.dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("does not build: %s", out)
	}
	return nil
}

// test runs the catalogue with a binary.
func (tree tree) test(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(tree.dir, name), append([]string{"-test.run", "^TestCatalogue$", "-test.parallel", "2"}, args...)...)
	cmd.Dir = filepath.Join(tree.dir, "internal/attack")
	out, err := cmd.CombinedOutput()
	if *verbose {
		fmt.Println(string(out))
	}
	return string(out), err
}

var red = regexp.MustCompile(`(?m)^\S+ +\S+ +(?:ESCAPED|BROKEN|HUNG)`)

// redRows lists rows that fail, the first at least.
func (g guard) redRows(tree tree, binary string) ([]string, error) {
	out, err := tree.test(binary, "-test.failfast", "-test.timeout", "2m", "-attack.rows", "^("+g.rows+")$", "-attack.ways", g.ways,
		"-attack.modes", g.inModes())
	lines := red.FindAllString(out, -1)
	if err != nil && len(lines) == 0 {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return lines, nil
}

func (g guard) inModes() string {
	if g.modes == "" {
		return ""
	}
	return "^(" + g.modes + ")$"
}

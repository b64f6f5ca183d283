// Mutate takes the guards of the sandbox out, one at a time, in a copy of the
// source tree, and runs the rows of the catalogue that should notice.
//
//	go run ./internal/attack/mutate [-only REGEXP] [-v]
//
// It prints how many guards there are and how many a row noticed, names the
// others, and fails if there is one of those that is not expected to be silent
// because another wall stands behind it.
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
	tree, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := copyTree(root, tree); err != nil {
		return err
	}
	wanted := regexp.MustCompile(*only)
	var count, killed int
	var survivors, unexpected []string
	for _, g := range guards {
		if !wanted.MatchString(g.name) {
			continue
		}
		count++
		noticed, err := g.try(tree)
		switch {
		case err != nil:
			unexpected = append(unexpected, fmt.Sprintf("%s: %v", g.name, err))
		case noticed:
			killed++
		case g.behind != "":
			survivors = append(survivors, g.name+": "+g.behind)
		default:
			unexpected = append(unexpected, g.name+": no row noticed")
		}
	}
	fmt.Printf("guards %d, killed %d\n", count, killed)
	for _, s := range survivors {
		fmt.Println("survived, as expected:", s)
	}
	for _, s := range unexpected {
		fmt.Println("SURVIVED:", s)
	}
	if len(unexpected) > 0 {
		return errors.New("guards are not tested")
	}
	return nil
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

// try takes the guard out, runs the rows, and puts it back. What is red with
// every guard in its place proves nothing.
func (g guard) try(tree string) (noticed bool, err error) {
	before, err := g.redRows(tree)
	if err != nil {
		return false, err
	}
	for _, e := range g.edits {
		path := filepath.Join(tree, e.file)
		data, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		if n := strings.Count(string(data), e.old); n != 1 {
			return false, fmt.Errorf("the text of the guard is %d times in %s", n, e.file)
		}
		defer os.WriteFile(path, data, 0o644)
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), e.old, e.new, 1)), 0o644); err != nil {
			return false, err
		}
	}
	after, err := g.redRows(tree)
	if err != nil {
		return false, err
	}
	after = slices.DeleteFunc(after, func(line string) bool { return slices.Contains(before, line) })
	word := "SILENT"
	if len(after) > 0 {
		word = "killed " + after[0]
	}
	fmt.Printf("%-40s %s\n", g.name, word)
	return len(after) > 0, nil
}

var red = regexp.MustCompile(`(?m)^\S+ +\S+ +(?:ESCAPED|BROKEN|HUNG)`)

// redRows builds the tests as the tree is now and lists the rows that fail.
func (g guard) redRows(tree string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	binary := filepath.Join(tree, "attack.test")
	build := exec.CommandContext(ctx, "go", "test", "-vet=off", "-c", "-o", binary, "./internal/attack")
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("does not build: %s", out)
	}
	test := exec.CommandContext(ctx, binary, "-test.run", "^TestCatalogue$", "-attack.rows", "^("+g.rows+")$", "-attack.modes", g.inModes())
	test.Dir = filepath.Join(tree, "internal/attack")
	out, err := test.CombinedOutput()
	if *verbose {
		fmt.Println(string(out))
	}
	lines := red.FindAllString(string(out), -1)
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

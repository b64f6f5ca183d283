package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/policy"
)

func TestFlagsAddToListsAndReplaceTheRest(t *testing.T) {
	yes, no := true, false
	base := settings{
		Write: []string{"/a"}, Net: "none", Strict: &yes, Degrade: &yes,
		Env: map[string]string{"A": "1", "B": "1"}, Limit: limits{"mem": "1G", "cpu": "1s"},
	}
	over := settings{
		Write: []string{"/b"}, Hide: []string{"/h"}, Net: "host", Strict: &no,
		Env: map[string]string{"B": "2"}, Limit: limits{"mem": "2G"},
	}
	want := settings{
		Write: []string{"/a", "/b"}, Hide: []string{"/h"}, Net: "host", Strict: &no, Degrade: &yes,
		Env: map[string]string{"A": "1", "B": "2"}, Limit: limits{"mem": "2G", "cpu": "1s"},
	}
	if diff := cmp.Diff(want, base.under(over)); diff != "" {
		t.Errorf("merged (-want +got)\n%s", diff)
	}
}

func TestPolicyOfSettings(t *testing.T) {
	for _, tt := range []struct {
		name string
		settings
		want string
	}{
		{"nothing said", settings{}, `
network isolated
on-violation deny
allow read|exec /
allow read|write|exec /cwd
`},
		{"nothing writable", settings{Write: []string{"none"}, Net: "none"}, `
network none
on-violation deny
allow read|exec /
`},
		{"only some readable", settings{Read: []string{"/usr"}, Write: []string{"/o"}, NoWrite: []string{"/o/.git"}, Hide: []string{"/h"}}, `
network isolated
on-violation deny
allow read|exec /usr
allow read|write|exec /o
deny write /o/.git
hide /h
`},
		{"network and action", settings{Net: "host", OnViolation: "stop", AllowConnect: []string{"192.0.2.1:443", "@x"}}, `
network host
on-violation stop
allow read|exec /
allow read|write|exec /cwd
connect 192.0.2.1:443
connect @x
`},
	} {
		p, err := tt.policy("/cwd")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		want, err := policy.Parse(tt.want)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Equal(want) {
			t.Errorf("%s: %s\nwant %s", tt.name, p, want)
		}
	}
}

func TestMistakesInSettings(t *testing.T) {
	for want, s := range map[string]settings{
		"contradict":           {Write: []string{"none", "/x"}},
		"net: ":                {Net: "lan"},
		"on-violation: ":       {OnViolation: "cry"},
		"allow-connect: ":      {AllowConnect: []string{"host.name:1"}},
		"limit: mem=x":         {Limit: limits{"mem": "x"}},
		`"A=B" is no name`:     {Env: map[string]string{"A=B": ""}},
		`"" is no name`:        {Env: map[string]string{"": "x"}},
		"its value has a NUL":  {Env: map[string]string{"A": "\x00"}},
		`missing closing )`:    {Write: []string{"~("}},
		"is PCRE's":            {NoWrite: []string{"~(?!x)"}},
		`missing argument to `: {Hide: []string{"~*"}},
	} {
		if err := s.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
}

func TestPathsOfProfiles(t *testing.T) {
	t.Setenv("HOME", "/home/a.b")
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"${HOME}/src":       "/home/a.b/src",
		"${CWD}/out":        cwd + "/out",
		"rel/${HOME}":       "rel//home/a.b",
		"~^${HOME}/x$":      `~^/home/a\.b/x$`,
		"cost$":             "cost$",
		"~^/a$":             "~^/a$",
		"/plain":            "/plain",
		"${HOME}${HOME}end": "/home/a.b/home/a.bend",
	} {
		if got, err := expandPath(given); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", given, got, err, want)
		}
	}
	for given, want := range map[string]string{
		"${USER}/x": "unknown variable ${USER}", "${": "without }", "${HOME": "without }", "~/src": "${HOME}/", "${}": "unknown variable ${}",
	} {
		if got, err := expandPath(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %q", given, got, err, want)
		}
	}
	t.Setenv("HOME", "relative")
	if got, err := expandPath("${HOME}/x"); err == nil {
		t.Errorf("a relative home directory gives %s", got)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("KEPT", "1")
	t.Setenv("REPLACED", "1")
	clear := true
	env := settings{Env: map[string]string{"REPLACED": "2", "NEW": "3"}}.environment()
	for _, want := range []string{"KEPT=1", "REPLACED=2", "NEW=3"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %q", want, env)
		}
	}
	if slices.Contains(env, "REPLACED=1") {
		t.Errorf("REPLACED twice in %q", env)
	}
	if got := (settings{ClearEnv: &clear}).environment(); got == nil || len(got) != 0 {
		t.Errorf("cleared: %q; nil would be the caller's", got)
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"first/plain": 0o644, "second/plain": 0o755, "first/only-plain": 0o644} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, path, want, wantErr string }{
		{"plain", dir + "/first:" + dir + "/second", dir + "/second/plain", ""},
		{"plain", "nowhere::second", dir + "/second/plain", ""},
		{"only-plain", dir + "/first:" + dir + "/second", "", "execute only-plain: permission denied"},
		{"first", dir, "", "execute first: permission denied"},
		{"absent", dir + "/first", "", "execute absent: no such file or directory"},
		{"./as/it/is", dir, "./as/it/is", ""},
		{"", dir, "", `execute "": no such file or directory`},
	} {
		got, err := lookPath(tt.name, tt.path, dir)
		if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && err.Error() != tt.wantErr {
			t.Errorf("%q in %s: %q, %v, want %q %s", tt.name, tt.path, got, err, tt.want, tt.wantErr)
		}
	}
}

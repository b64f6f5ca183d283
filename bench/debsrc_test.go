//go:build linux

package main

import "testing"

func TestSourceList(t *testing.T) {
	for _, c := range []struct{ what, name, text, want string }{
		{"one line", "a.list", "# x\ndeb http://h/debian bookworm main\n", "deb-src http://h/debian bookworm main\n"},
		{"options", "a.list", "deb [arch=amd64 signed-by=/k] http://h/debian bookworm-updates main\n",
			"deb-src [arch=amd64 signed-by=/k] http://h/debian bookworm-updates main\n"},
		{"sources already there", "a.list", "deb-src http://h/debian bookworm main\n", ""},
		{"third party", "a.list", "deb http://h/apt cloud-sdk-bookworm main\n", ""},
		{"no suite", "a.list", "deb http://h/apt\n", ""},
		{"deb822", "a.sources", "Types: deb\nURIs: http://h/debian\nSuites: bookworm bookworm-updates\nComponents: main\n",
			"Types: deb-src\nURIs: http://h/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n"},
		{"deb822 third party beside ours", "a.sources", "Types: deb\nSuites: nodistro\n\nTypes: deb\nSuites: sid\n",
			"Types: deb-src\nSuites: sid\n\n"},
		{"a suffix that apt ignores", "a.list.disabled", "deb http://h/debian bookworm main\n", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			if _, got := sourceList(c.name, c.text, "bookworm"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFindTarballIgnoresSignatures(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"hello_2.10.orig.tar.gz", "hello_2.10.orig.tar.gz.asc", "hello_2.10-3.debian.tar.xz"} {
		writeFile(t, dir+"/"+name, "")
	}
	if got, want := findTarball(dir, "hello"), dir+"/hello_2.10.orig.tar.gz"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := findTarball(dir, "lua5.4"); got != "" {
		t.Errorf("found %q", got)
	}
}

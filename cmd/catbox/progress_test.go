package main

import (
	"testing"
	"time"
)

func TestReadingLine(t *testing.T) {
	for passed, want := range map[time.Duration]string{
		999 * time.Millisecond:  "",
		1700 * time.Millisecond: "catbox: first overlay of this user: reading the directories of \"/a\\x1b\" ... 1s",
		16 * time.Second:        "catbox: first overlay of this user: reading the directories of \"/a\\x1b\" ... 16s",
	} {
		if got := readingLine("/a\x1b", passed); got != want {
			t.Errorf("after %s: %q, want %q", passed, got, want)
		}
	}
}

func TestReadingIsSaidToAPersonOnly(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		out, err := (&runOptions{quiet: quiet}).open()
		if err != nil {
			t.Fatal(err)
		}
		if (out.reading == nil) != quiet {
			t.Errorf("quiet %v: told %v", quiet, out.reading != nil)
		}
	}
}

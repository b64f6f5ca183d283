package relation

import "strings"

// APK reads what apk-package(5) has: "name", "so:libz.so.1=1.3.1", "foo>=1.2", "foo~1", "foo@edge".
func APK(word string) Relation {
	word, _, _ = strings.Cut(word, "@")
	end := strings.IndexAny(word, "<>=~")
	if end <= 0 {
		return Relation{Name: word}
	}
	name, rest := word[:end], word[end:]
	version := strings.TrimLeft(rest, "<>=~")
	return Relation{Name: name, Operator: rest[:len(rest)-len(version)], Version: version}
}

# Makes the table of Markdown from the results.tsv of fakeroot-suites: a line for
# each suite, a column for each tool.
BEGIN {
	FS = "\t"
	title["root"] = "real root"; title["catbox"] = "catbox fakeroot"
	title["catbox-subuid"] = "in mode subuid"; title["catbox-none"] = "in mode none"
	title["none"] = "no tool"; title["unshare"] = "unshare -r"; title["proot"] = "PRoot -0"
	what["checks/go"] = "`internal/fakecheck`, Go (static)"
	what["checks/go-32"] = "the same, 32-bit"
	what["checks/libc"] = "its checks of the C library"
	what["checks/libc-static"] = "the same, static"
	what["checks/libc-32"] = "the same, 32-bit"
	what["fakeroot"] = "fakeroot's `test/t.*`"
	what["pseudo"] = "pseudo's `test/test-*.sh`"
	what["coreutils"] = "coreutils' `make check-root`"
}
NR == 1 { next }
!($1 in seen) { seen[$1]; suites[++s] = $1 }
!($2 in column) { column[$2]; tools[++t] = $2 }
$7 ~ /^[a-z]+-[0-9a-f]+[.+a-z0-9]*$/ { version[$1] = " (" $7 ")" }
{ cell[$1, $2] = cellOf($3, $4, $5, $7) }

function cellOf(passed, failed, left, note) {
	if (passed == "-") return note
	return passed " of " (passed + failed) (left ? ", " left " left out" : "") (note ~ /^did not/ ? "; " note : "")
}

END {
	line = "| |"; rule = "|---|"
	for (i = 1; i <= t; i++) {
		line = line " " (tools[i] in title ? title[tools[i]] : tools[i]) " |"
		rule = rule "---|"
	}
	print line; print rule
	for (n = 1; n <= s; n++) {
		line = "| " (suites[n] in what ? what[suites[n]] : suites[n]) version[suites[n]] " |"
		for (i = 1; i <= t; i++) line = line " " cell[suites[n], tools[i]] " |"
		print line
	}
}

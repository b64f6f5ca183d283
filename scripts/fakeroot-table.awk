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
{ seen[$1]; column[$2] }
$7 ~ /^[a-z]+-[0-9a-f]+[.+a-z0-9]*$/ { version[$1] = " (" $7 ")" }
{ cell[$1, $2] = cellOf($3, $4, $5, $7) }

function cellOf(passed, failed, left, note) {
	if (passed == "-") return note
	return passed " of " (passed + failed) (left ? ", " left " left out" : "") (note ~ /^did not/ ? "; " note : "")
}

# inOrder has those of a list that are there.
function inOrder(list, there, found,    all, i, n, count) {
	count = split(list, all, " ")
	for (i = 1; i <= count; i++) if (all[i] in there) found[++n] = all[i]
	return n
}

END {
	t = inOrder("root catbox catbox-subuid catbox-none fakeroot pseudo proot unshare none", column, tools)
	s = inOrder("checks/go checks/go-32 checks/libc checks/libc-static checks/libc-32 fakeroot pseudo pjdfstest coreutils", seen, suites)
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

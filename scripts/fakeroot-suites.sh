# The suites of fakeroot-suites, which reads this file. Each function runs one
# under $tool; sources come from the cache, work is done in $work.

# debian_source leaves the unpacked Debian source of a package in $dir. apt's
# state is the cache's own: nothing of the system's is changed.
debian_source() {
	local apt=$cache/apt list
	dir=${source_of[$1]:-}
	[ -z "$dir" ] || return 0
	dir=$(find "$cache/src" -maxdepth 1 -type d -name "$1-[0-9]*" | head -n 1)
	[ -z "$dir" ] || return 0
	as_user mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.list.d"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
		[ ! -s "$list" ] || sed 's/^Types: .*/Types: deb-src/; s/^deb /deb-src /' "$list" |
			as_user tee "$apt/sources.list.d/source.${list##*.}" >/dev/null
	done
	(cd "$cache/src" && apt_get update && apt_get source "$1") >"$work/apt.log" 2>&1 || true
	dir=$(find "$cache/src" -maxdepth 1 -type d -name "$1-[0-9]*" | head -n 1)
	[ -n "$dir" ]
}
apt_get() {
	as_user apt-get -q -o Dir::State::lists="$cache/apt/lists" -o Dir::Cache="$cache/apt/cache" -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$cache/apt/sources.list.d" -o APT::Sandbox::User="$user" "$@"
}
no_source() { cannot "$1" "no source: $(grep -m 1 '^E:' "$work/apt.log")"; }

suite_checks() {
	CGO_ENABLED=0 GOARCH=amd64 go build -o "$work/bin/go" ./internal/fakecheck
	CGO_ENABLED=0 GOARCH=386 go build -o "$work/bin/go-32" ./internal/fakecheck
	gcc -O1 -o "$work/bin/libc" internal/fakecheck/c/libc.c
	gcc -O1 -static -o "$work/bin/libc-static" internal/fakecheck/c/libc.c
	gcc -O1 -m32 -o "$work/bin/libc-32" internal/fakecheck/c/libc.c
	local kind
	for kind in go go-32 libc libc-static libc-32; do check_program "$kind"; done
}

# check_program runs each check under a tool of its own: a peer that gives up
# in one of them still has the others.
check_program() {
	local name said code outside=
	begin "checks/$1"
	fresh "$work/checks"
	case $1 in go*)
		as_tool_user "$work/bin/$1" -outside -dir "$work/checks" &
		outside=$!
		while [ ! -e "$work/checks/outside.there" ]; do sleep 0.02; done
		;;
	esac
	for name in $("$work/bin/$1" -list); do
		code=0
		said=$(cd "$work/checks" && limited "$work/bin/$1" -dir "$work/checks" "$name" 2>&1) || code=$?
		case $said in
		*"ok $name"*) pass ;;
		*"FAILED $name: "*) failure "$name" "$(sed -n "s/.*FAILED $name: //p" <<<"$said" | head -n 1)" ;;
		*) failure "$name" "$(status $code): $(head -n 1 <<<"$said")" ;;
		esac
	done
	[ -z "$outside" ] || { rm "$work/checks/outside.there" && wait "$outside"; }
	end
}

# suite_fakeroot writes test/defs, which configure would make of defs.in: the
# function that every test calls, with our program in the place of the built one.
suite_fakeroot() {
	local test code
	debian_source fakeroot || { no_source fakeroot; return; }
	begin fakeroot
	note=${dir##*/}
	fresh "$work/fakeroot"
	cp "$dir"/test/* "$work/fakeroot/"
	sed -e '/scripts\/fakeroot/,/libfakeroot}/d' -e "s|@LDPRELOADVAR@|LD_PRELOAD|; s|tmp=\"\$tmp\" .*|tmp=\"\$tmp\" $work/bin/program \\\\|" \
		"$dir/test/defs.in" >"$work/fakeroot/defs"
	as_owner "$work/fakeroot"
	for test in "$work"/fakeroot/t.*; do
		test=${test##*/} code=0
		(cd "$work/fakeroot" && as_tool_user env srcdir=. suffix= posixshell=/bin/sh libfakeroot= VERBOSE=x \
			timeout -k 5 "$limit" sh "./$test" </dev/null >"$work/log" 2>&1) || code=$?
		if [ $code = 0 ]; then pass; else failure "$test" "$(status $code): $(grep -v '^+' "$work/log" | tail -n 1)"; fi
	done
	end
}
as_owner() { [ "$tool" = root ] || [ "$(id -u)" != 0 ] || chown -R "$user:" "$1"; }

# suite_pseudo: a test is a script that pseudo runs; the programs that some of
# them start are next to them as C.
suite_pseudo() {
	local test program code
	debian_source pseudo || { no_source pseudo; return; }
	begin pseudo
	note=${dir##*/}
	fresh "$work/pseudo"
	cp -r "$dir/test" "$work/pseudo/"
	as_owner "$work/pseudo"
	for program in "$work"/pseudo/test/*.c; do
		[ ! -e "$program" ] || as_tool_user gcc -w -o "${program%.c}" "$program" >/dev/null 2>&1 || true
	done
	for test in "$dir"/test/test-*.sh; do
		code=0
		if [ "$tool" != pseudo ] && grep -q 'PSEUDO_\|bin/pseudo' "$test"; then leave_out "${test##*/}" "is about pseudo itself"; continue; fi
		(cd "$work/pseudo" && limited bash "test/${test##*/}" >"$work/log" 2>&1) || code=$?
		if [ $code = 0 ]; then pass; elif [ $code = 255 ]; then leave_out "${test##*/}" "$(tail -n 1 "$work/log")"; else failure "${test##*/}" "$(status $code): $(tail -n 1 "$work/log")"; fi
	done
	end
}

# pjdfstest_tree leaves a built tree in $dir.
pjdfstest_commit=85a8aea9e685999ef0540392fd80535f873d7ff7
pjdfstest_tree() {
	dir=$cache/pjdfstest-${pjdfstest_commit::7}
	[ ! -x "$dir/pjdfstest" ] || return 0
	as_user rm -rf "$dir"
	if [ -n "${source_of[pjdfstest]:-}" ]; then
		as_user cp -r "${source_of[pjdfstest]}" "$dir"
	else
		as_user git clone -q https://github.com/pjd/pjdfstest "$dir" && as_user git -C "$dir" checkout -q "$pjdfstest_commit"
	fi && (cd "$dir" && as_user sh -c 'autoreconf -ifs && ./configure -q && make -s pjdfstest')
}

# suite_pjdfstest counts cases as TAP does: one marked TODO does not fail, one
# that was planned and not seen does.
suite_pjdfstest() {
	local test name code counts
	pjdfstest_tree >"$work/log" 2>&1 || { cannot pjdfstest "no source, or it does not build: $(tail -n 1 "$work/log")"; return; }
	begin pjdfstest
	note=${dir##*/}
	mkdir -p "$work/pjdfstest"
	cp -r "$dir/pjdfstest" "$dir/tests" "$work/pjdfstest/"
	for test in "$work"/pjdfstest/tests/*/*.t; do
		name=${test#"$work/pjdfstest/tests/"} code=0
		fresh "$work/pjd"
		if [ $((SECONDS - since)) -gt $((limit * 6)) ]; then
			note="did not end within $((limit * 6)) s" code=124
			: >"$work/log"
		else
			(cd "$work/pjd" && limited sh "$test" >"$work/log" 2>/dev/null) || code=$?
		fi
		counts=$(planned=$(sed -n 's/^[^#]*echo "1\.\.\([0-9]*\)".*/\1/p' "$test" | tail -n 1) code=$(status $code) tap "$work/log")
		passed=$((passed + $(head -n 1 <<<"$counts")))
		while IFS= read -r code; do
			[ -z "$code" ] || failure "$name" "$code"
		done < <(tail -n +2 <<<"$counts")
	done
	end
}

# tap prints how many passed, and a line for each that did not. The plan is the
# file's own, where the output has none because the file did not begin.
tap() {
	awk '
	/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0 }
	/^ok / || /^not ok .*# TODO/ { seen++; passed++; next }
	/^not ok / { seen++; bad[++n] = $0 }
	END {
		if (!plan) plan = ENVIRON["planned"] + 0
		print passed + 0
		for (i = 1; i <= n; i++) print substr(bad[i], 1, 300)
		for (i = seen + 1; i <= plan; i++) print "case " i " was not reached: " ENVIRON["code"]
	}' "$1"
}

# suite_coreutils builds in the cache once, and runs in a copy.
suite_coreutils() {
	local trs result name code=0
	debian_source coreutils || { no_source coreutils; return; }
	if [ ! -e "$dir/.built" ]; then
		echo "building coreutils (some minutes, once)" >&2
		(cd "$dir" && as_user sh -c './configure -q --disable-nls && make -s MAKEINFO=true && touch .built') >"$cache/coreutils.log" 2>&1 ||
			{ cannot coreutils "does not build: see $cache/coreutils.log"; return; }
	fi
	begin coreutils
	note=${dir##*/}
	rm -rf "$work/coreutils"
	cp -a "$dir" "$work/coreutils"
	[ "$tool" != root ] || chown -R root: "$work/coreutils"
	rm -f "$work/coreutils"/tests/*/*.{log,trs}
	(cd "$work/coreutils" && limit=$((limit * 6)) limited make check-root MAKEINFO=true SH_LOG_COMPILER="timeout $limit /bin/bash" \
		>"$work/log" 2>&1) || code=$?
	case $code in 124 | 137) note="did not end within $((limit * 6)) s" ;; esac
	for name in $(make -s -C "$work/coreutils" -f - <<<'include Makefile
names:; @echo $(root_tests)' names); do
		trs=$work/coreutils/${name%.*}.trs
		result=$(sed -n 's/^:test-result: //p' "$trs" 2>/dev/null | head -n 1)
		case $result in
		PASS* | XFAIL*) pass ;;
		SKIP*) leave_out "$name" "$(sed -n "s/^[^+].*: skipped test: //p" "${trs%.trs}.log" | head -n 1)" ;;
		*) failure "$name" "${result:-did not run}: $(tail -n 1 "${trs%.trs}.log" 2>/dev/null)" ;;
		esac
	done
	end
}

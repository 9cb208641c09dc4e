#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The guarantees of spool-layout.md: each is one line, and names the tests that hold it.
load lib

setup()
{
	ROOT=$BATS_TEST_DIRNAME/..
	DOC=$ROOT/spool-layout.md
}

# held_by LINE: "FILE NAME" of each test that it names.
held_by()
{
	grep -oE '`t/[^`]+\.bats`, "[^"]+"' <<<"$1" | sed -E 's/^`([^`]+)`, "(.*)"$/\1 \2/'
}

@test "each guarantee names a test, and each test that one names is there" {
	local line file name guarantees=0 tests=0
	while IFS= read -r line; do
		guarantees=$((guarantees + 1))
		[ -n "$(held_by "$line")" ] || { echo "no test: $line"; return 1; }
		while read -r file name; do
			tests=$((tests + 1))
			grep -qxF "@test \"$name\" {" "$ROOT/$file" || { echo "$file has no test \"$name\""; return 1; }
		done < <(held_by "$line")
	done < <(grep '^Guarantee: ' "$DOC")
	[ "$guarantees" -gt 20 ]
	[ "$tests" -ge "$guarantees" ]
	# what looks like a name of a test was understood as one
	[ "$(grep '^Guarantee: ' "$DOC" | grep -o '\.bats' | wc -l)" -eq "$tests" ]
}

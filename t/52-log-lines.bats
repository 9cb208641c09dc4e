#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The page lists every line that ml-runner can log, and no other: compared with the source.
load lib

SOURCES=$BATS_TEST_DIRNAME/../cmd

# The events of PROGRAM's sources with their fields in order: "closed to= messages=", sorted.
in_sources()
{
	cat "$SOURCES/$1"/*.c | awk '
	function literals(text,   n) {          # of a line, between blanks
		n = ""
		while (match(text, /"[a-z_]+"/)) {
			n = n " " substr(text, RSTART + 1, RLENGTH - 2)
			text = substr(text, RSTART + RLENGTH)
		}
		return n
	}
	function each(names, fields,   i, n, part) {
		n = split(names, part, " ")
		for (i = 1; i <= n; i++)
			print part[i] fields
	}
	/^outcome_log\(/ { helper = 1 }
	/^\t.*(outcome_log|log_target)\("/ { recipients = recipients literals($0) }
	/log_trouble\("/ { each(literals($0), " object= error=") }
	/log_begin\(/ { names = literals($0); open = 1; fields = "" }
	open && /log_(text|number)\("/ { match($0, /"[a-z_]+"/); fields = fields " " substr($0, RSTART + 1, RLENGTH - 2) "=" }
	open && /log_end\(/ {
		if (names == "" && helper) shared = fields
		else each(names, fields)
		open = helper = 0
	}
	END { each(recipients, shared) }' | sort -u
}

# The same, from the first list of its DIAGNOSTICS.
in_page()
{
	sed -n '/^\.Sh DIAGNOSTICS/,/^Errors are/p' "$SOURCES/$1/$1.1" |
		sed -n 's/^\.It Li //p' | sed 's/ , Li /\n/g' | sort -u
}

@test "ml-runner's page lists each event with its fields, and no other" {
	run in_sources ml-runner
	[ "${#lines[@]}" -ge 16 ]
	assert_lines "$(in_page ml-runner)"
}

# What a program's own sources give as a reason, but for what stands there for a value.
reasons()
{
	cat "$SOURCES/$1"/*.c | tr '\n' ' ' |
		grep -oE '(die_text|warn_text|warn_spool|die_spool)\([^;]*\);' |
		grep -oE '"[^"]{6,}"' | tr -d '"' | sed 's/%[a-z]*/\n/g' | sed 's/^[: ]*//' | grep ..... | sort -u
	# where they are returned, and not yet said
	cat "$SOURCES/$1"/credentials.c | sed -n '/return/s/.*"\(.*\)".*/\1/p'
}

@test "ml-runner's page lists each reason that an error of its own gives" {
	page=$(sed -n '/^Errors are/,/^\.Sh INTERNALS/s/^\.It Li //p' "$SOURCES/ml-runner/ml-runner.1")
	run reasons ml-runner
	[ "${#lines[@]}" -ge 5 ]
	for reason in "${lines[@]}"; do
		case $page in *"$reason"*) ;; *) echo "not in the page: $reason"; false ;; esac
	done
}

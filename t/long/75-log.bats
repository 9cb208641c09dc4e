#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The log of several runners that share one pipe, as they do under every supervisor.
load ../lib
load real

@test "four runners that write into one slow pipe never tear a line" {
	mkspool
	sink
	addresses 4000 >"$BATS_TEST_TMPDIR/members"
	letter | ml-explode -f news@lists.example.org -n 200 -l "$BATS_TEST_TMPDIR/members" "$SPOOL"
	mkfifo "$BATS_TEST_TMPDIR/log"
	exec 7<>"$BATS_TEST_TMPDIR/log"
	start sh -c 'exec ml-runner -j 4 -1 "$1" smtp 127.0.0.1 "$2" 2>"$3" 7>&-' sh \
		"$SPOOL" "$PORT" "$BATS_TEST_TMPDIR/log"
	# Nobody reads before all of them wait for room in the pipe.
	wait_for has_arrived 800
	start cat "$BATS_TEST_TMPDIR/log" 7>&-
	local copy=$PID_OUT
	wait_for read_all "$copy"
	run ! grep -Ev -e '^(connected|closed|disconnected) to=[^ ]*( messages=[0-9]+)?$' \
		-e '^delivered id=[^ ]+ to=user[0-9]+@example\.com code=250 text="250 [^"]*" delay=[0-9]+$' "$copy"
}

read_all()
{
	[ "$(grep -o 'delivered ' "$1" | wc -l)" -eq 4000 ]
}

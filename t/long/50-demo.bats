#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The demo: what a newcomer runs first keeps what the suite promises, and cleans up after itself.

load ../lib

setup()
{
	DEMO=$BATS_TEST_DIRNAME/../../contrib/demo/demo
	BUILD=$BIN/..
	DIR=$BATS_TEST_TMPDIR/demo
}

# processes that were started for the demo, whoever their parent is by now
left()
{
	local p
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/cwd" 2>/dev/null)" != "$DIR" ] || tr '\0' ' ' <"$p/cmdline" 2>/dev/null
	done | grep .
}

nothing_left()
{
	run ! left
}

accepted()
{
	[ "$(grep -vc '^#' "$DIR/sink.log")" -ge "$1" ]
}

@test "the demo sends a post to 10,000 subscribers through a runner's death, in 20 seconds" {
	SECONDS=0
	run --separate-stderr "$DEMO" "$BUILD" "$DIR"
	echo "in $SECONDS s:" "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$SECONDS" -le 20 ]
	[ -z "$stderr" ]
	[[ $output == *"10000 of 10000 have it, 0 missing"* ]]
	[[ $output == *"return paths "*" right, 0 wrong"* ]]
	[[ $output == *"kill -9 "* ]]
	[[ $output != *WRONG* ]]
	[ "$(grep -v '^#' "$DIR/sink.log" | cut -f 4 | sort -u | grep -c .)" -eq 10000 ]
	grep -q 'died\|dead' "$DIR/ml-requeue.log"
	nothing_left
}

@test "what the demo shows on no terminal has no control character" {
	run "$DEMO" "$BUILD" "$DIR"
	[ "$status" -eq 0 ]
	[ -z "$(printf %s "$output" | tr -d '[:print:]\n')" ]
}

@test "the commands at the end of the demo work as printed" {
	run "$DEMO" "$BUILD" "$DIR"
	[ "$status" -eq 0 ]
	sed '1,/^Where to look/d' <<<"$output" >"$BATS_TEST_TMPDIR/look"
	grep -q 'ml-explode .*-k' "$BATS_TEST_TMPDIR/look"
	run --separate-stderr sh -eu "$BATS_TEST_TMPDIR/look"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ ! -e "$DIR" ]
}

@test "a demo that is stopped in the middle leaves no process, and says where it was" {
	start "$DEMO" "$BUILD" "$DIR"
	wait_for accepted 500
	left
	stop "$PID"
	[ "$status" -eq 143 ]
	nothing_left
	grep -q "everything is left in $DIR" "$PID_ERR"
}

@test "a demo that gets nowhere gives up in time with an error, and leaves no process" {
	mkdir -p "$BATS_TEST_TMPDIR/build/t"
	cp -R "$BIN" "$BATS_TEST_TMPDIR/build/bin"
	cp "$BUILD/t/sink" "$BATS_TEST_TMPDIR/build/t"
	printf '%s\n' '#!/bin/sh' 'trap "" TERM' 'while :; do sleep 1; done' >"$BATS_TEST_TMPDIR/build/bin/ml-runner"
	SECONDS=0
	LIMIT=2 run --separate-stderr "$DEMO" "$BATS_TEST_TMPDIR/build" "$DIR"
	[ "$status" -eq 1 ]
	[ "$SECONDS" -le 8 ]
	[[ $stderr == *"demo: not done after 2 seconds, 0 of 10000 have it"* ]]
	wait_for nothing_left
}

@test "the demo refuses a directory that exists" {
	mkdir "$DIR"
	run --separate-stderr "$DEMO" "$BUILD" "$DIR"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ -z "$(ls -A "$DIR")" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# 64 runners drain 2,000 single envelopes, and rarely read a directory for it.
# shellcheck disable=SC2154

load ../lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

drain()
{
	local i
	pids=()
	for i in $(seq 64); do
		start "$@" ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
		pids+=("$PID")
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
}

@test "64 runners drain 2,000 envelopes: none twice, none lost" {
	sink -d 1
	explode 2000 -n 1
	drain
	[ "$(delivered)" -eq 2000 ]
	[ -z "$(twice)" ]
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 2000 ]
	[ -z "$(envelopes new cur defer fail hold)$(ls -A "$SPOOL/mess")$(ls -A "$SPOOL/run")" ]
}

@test "64 runners read directories less than once for each envelope" {
	need_strace
	sink -d 1
	explode 2000 -n 1
	drain strace -f -A -o "$BATS_TEST_TMPDIR/trace" -e trace=getdents64
	[ "$(delivered)" -eq 2000 ]
	[ -z "$(twice)" ]
	calls=$(grep -c getdents64 trace)
	echo "$calls calls of getdents64"
	[ "$calls" -lt 2000 ]
}

@test "one runner reads directories a few times for 2,000 envelopes" {
	need_strace
	sink
	explode 2000 -n 1
	strace -f -o trace -e trace=getdents64 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$(delivered)" -eq 2000 ]
	calls=$(grep -c getdents64 trace)
	echo "$calls calls of getdents64"
	[ "$calls" -lt 100 ]
}

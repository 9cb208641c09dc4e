#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Many runners on one spool, without a lock.  The full size, and how seldom they read directories, is in
# long/37-many.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

emptied()
{
	[ -z "$(envelopes new cur)" ]
}

@test "eight runners drain 400 envelopes: none is lost, none is sent twice, each has its share" {
	sink -d 2
	explode 400 -n 1
	mkfifo gate
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		start sh -c ': <gate; exec ml-runner -1q "$@"' sh "$SPOOL" smtp 127.0.0.1 "$PORT"
		pids+=("$PID")
	done
	exec 7<>gate
	for p in "${pids[@]}"; do
		wait "$p"
	done
	[ "$(delivered)" -eq 400 ]
	[ -z "$(twice)" ]
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 400 ]
	[ -z "$(envelopes new cur defer fail hold)$(ls -A "$SPOOL/mess")$(ls -A "$SPOOL/run")" ]
	run cut -f 2 <(grep -v '^#' "$LOG")
	[ "$(sort -u <<<"$output" | wc -l)" -ge 6 ]
}

@test "runners that come and go, are stopped and killed, lose nothing, and repeat only what was in flight" {
	sink -d 2
	explode 400 -n 1
	kills=0
	for i in 1 2 3 4 5 6; do
		start_runner -q
		pids+=("$PID")
	done
	for p in "${pids[@]:0:4}"; do
		wait_for has_delivered $(((kills + 1) * 50))
		kills=$((kills + 1))
		stop "$p" "$([ $((kills % 2)) -eq 0 ] && echo TERM || echo KILL)"
		ml-requeue "$SPOOL"
	done
	wait_for emptied
	stop "${pids[4]}"
	stop "${pids[5]}"
	[ "$(accepted | sort -u | wc -l)" -eq 400 ]
	[ "$(twice | wc -l)" -le 2 ]
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 400 ]
}

@test "posts that come all the while are each delivered once" {
	sink
	for i in 1 2 3 4; do
		start_runner -q
		pids+=("$PID")
	done
	for i in $(seq 60); do
		post "user$i@example.com"
	done
	wait_for has_delivered 60
	wait_for emptied
	for p in "${pids[@]}"; do
		stop "$p"
		[ "$status" -eq 0 ]
	done
	[ "$(delivered)" -eq 60 ]
	[ -z "$(twice)" ]
	[ "$(find "$SPOOL/done" -type f | wc -l)" -eq 60 ]
}

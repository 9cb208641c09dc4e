#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A runner that was away for more than a minute: its claims may be another's now.  Over a minute each.
# shellcheck disable=SC2154

load ../lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}


# Stops the runner for more than a minute.
absence()
{
	local end=$((SECONDS + 63))
	kill -s STOP "$PID"
	wait_for -t 70 eval '[ "$SECONDS" -ge '"$end"' ]'
}

@test "a runner that was stopped for a minute in mid-broadcast takes a new name and sends each once" {
	sink -d 10
	explode 200 -n 1
	start_runner -q
	wait_for has_delivered 50
	old=$(ls "$SPOOL/run")
	absence
	kill -s CONT "$PID"
	wait_for has_delivered 200
	grep -q ^renamed "$PID_ERR"
	[ "$(ls "$SPOOL/run")" != "$old" ]
	stop "$PID"
	[ "$status" -eq 0 ]
	[ -z "$(twice)" ]
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 200 ]
}

@test "what another runner took and delivered meanwhile is not sent by the one that was away" {
	sink
	rule 'data * times 1 stall 2'
	explode 20 -n 1
	start_runner -q
	wait_for eval '[ "$(event stall)" -eq 1 ]'
	away=$PID
	absence
	# as ml-requeue does once a lease is over
	for f in "$SPOOL"/cur/*:*; do
		n=${f##*/}
		rm -f "$SPOOL/run/${n#*:}"
		mv "$f" "$SPOOL/new/${n%%:*}"
	done
	runner -1q
	[ "$(delivered)" -eq 20 ]
	kill -s CONT "$away"
	wait_for grep -q ^lost "$PID_ERR"
	post
	wait_for has_delivered 21
	stop "$away"
	[ "$status" -eq 0 ]
	[ "$(delivered)" -eq 21 ]
	[ -z "$(twice)" ]
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 21 ]
}

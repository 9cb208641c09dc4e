#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Several runners: -j, whose parent passes signals on and restarts nobody, and -m.
# shellcheck disable=SC2030,SC2031,SC2154,SC2207

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

connects_are()
{
	[ "$(event connect)" -ge "$1" ]
}

# Ended; whoever has to may not have asked for its exit code yet.
gone()
{
	! grep -q '^State:	[^Z]' "/proc/$1/status" 2>/dev/null
}

children()
{
	cat "/proc/$1/task/$1/children"
}

@test "-j: TERM, HUP and ALRM reach each child, the parent ends with 0" {
	sink -d 20
	explode 900 -n 1    # enough to be busy still, however slow this machine is
	start_runner -j 3
	wait_for connects_are 3
	kill -s HUP "$PID"
	wait_for connects_are 6
	n=$(delivered)          # past their greetings: TERM before that is no reason to say QUIT
	wait_for has_delivered $((n + 30))
	child=($(children "$PID"))
	[ "${#child[@]}" -eq 3 ]
	[ "$(ls "$SPOOL/run" | wc -l)" -eq 3 ]
	stop "$PID"
	[ "$status" -eq 0 ]
	for p in "${child[@]}"; do gone "$p"; done
	clean 900
	[ -z "$(twice)" ]
	[ "$(event noquit)" -eq 0 ]
}

# A crew in a session of its own: GROUP is its process group.
start_crew()
{
	need setsid
	start_with_int setsid ml-runner -j 2 "$@" "$SPOOL" smtp 127.0.0.1 "$PORT"
	GROUP=-$PID
}

stalls_are()
{
	[ "$(event stall)" -ge "$1" ]
}

@test "-j: INT or TERM to all of the process group is one request: what is in flight ends, and is D" {
	sink -P
	rule 'text * stall 1'
	explode 8 -n 1
	start_crew -1
	first=$PID
	start_crew -1
	wait_for stalls_are 4
	kill -s INT -- "-$first"
	kill -s TERM -- "$GROUP"
	for p in "$first" "$PID"; do
		status=0
		wait "$p" || status=$?
		[ "$status" -eq 0 ]
	done
	[ "$(event noquit)" -eq 0 ]
	clean 8
	[ -z "$(twice)" ]
}

@test "-j: a second INT to all of the process group drops what is in flight, and it stays T" {
	sink
	rule 'text * stall 30'
	explode 4 -n 1
	start_crew
	wait_for stalls_are 2
	child=($(children "$PID"))
	before=$(now)
	kill -s INT -- "$GROUP"
	wait_for eval 'kill -s INT -- "$GROUP" 2>/dev/null; gone "$PID"'
	stop "$PID"
	[ "$status" -eq 0 ]
	for p in "${child[@]}"; do gone "$p"; done
	[ $(($(now) - before)) -lt 3000000 ]
	nothing_claimed
	[ "$(rcpts new)" = "$(addresses 4 | sed 's/^/T000 /')" ]
}

@test "-j: a child that ends badly while the others finish what is in flight does not cut that off" {
	sink -P
	rule 'text * stall 1'
	explode 4 -n 1
	start_crew -1
	wait_for stalls_are 2
	child=($(children "$PID"))
	kill -s TERM "$PID"
	kill -s KILL "${child[0]}"
	status=0
	wait "$PID" || status=$?
	[ "$status" -eq 70 ]
	[ -n "$(rcpts 'done')" ]
}

@test "-j -1 delivers everything once and exits 0" {
	sink
	explode 400 -n 2
	runner -1q -j 3
	[ "$(delivered)" -eq 400 ]
	[ -z "$(twice)" ]
	clean 400
}

@test "-j: a child that is killed ends the others and the parent, with an exit code that tells" {
	sink -d 5
	explode 400 -n 1
	start_runner -j 3
	wait_for connects_are 3
	child=($(children "$PID"))
	kill -s KILL "${child[1]}"
	status=0
	wait "$PID" || status=$?
	[ "$status" -ne 0 ]
	[ "$status" -lt 128 ]
	for p in "${child[@]}"; do gone "$p"; done
	[ "$(ls "$SPOOL/run" | wc -l)" -eq 1 ]
	[ "$(ls "$SPOOL/cur" | wc -l)" -le 2 ]
	ml-requeue "$SPOOL"
	runner -1q
	[ "$(accepted | sort -u | wc -l)" -eq 400 ]
	[ "$(twice | wc -l)" -le 1 ]
}

@test "-j: when the parent is killed the children end by themselves, and release" {
	sink -d 20
	explode 900 -n 1
	start_runner -j 3
	wait_for connects_are 3
	child=($(children "$PID"))
	stop "$PID" KILL
	for p in "${child[@]}"; do wait_for gone "$p"; done
	clean 900
	[ -z "$(twice)" ]
	[ "$(delivered)" -lt 900 ]
}

two_gone()
{
	local p n=0
	for p; do
		if gone "$p"; then n=$((n + 1)); fi
	done
	[ "$n" -eq 2 ]
}

@test "-m 4, six started at once: two exit 0 and claim nothing, four stay" {
	sink -d 5
	explode 200 -n 1
	pids=()
	for i in 1 2 3 4 5 6; do
		start_runner -m 4
		pids+=("$PID")
	done
	wait_for -t 60 two_gone "${pids[@]}"
	wait_for -t 60 has_delivered 200
	[ "$(ls "$SPOOL/run" | wc -l)" -eq 4 ]
	ended=0
	for ((i = 0; i < 6; i++)); do
		gone "${pids[i]}" || continue
		ended=$((ended + 1))
		stop "${pids[i]}"
		[ "$status" -eq 0 ]
		[ ! -s "$BATS_TEST_TMPDIR/err.$((i + 1))" ]
	done
	[ "$ended" -eq 2 ]
	[ "$(delivered)" -eq 200 ]
	[ -z "$(twice)" ]
}

@test "-m: when an older one leaves, there is room for another; a dead one does not count" {
	sink
	start_runner -m 1
	first=$PID
	wait_for state_is idle
	run runner -m 1
	[ "$status" -eq 0 ]
	stop "$first" KILL
	post
	runner -1q -m 1
	[ "$(delivered)" -eq 1 ]
}

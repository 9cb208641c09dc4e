#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Signals, deaths and absences: nothing is lost, and only what was in flight may go twice.
# Not tested here: an absence of more than a minute and a lease: see long/34-away.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

has_claimed()
{
	[ -n "$(ls -A "$SPOOL/cur")" ]
}

connects_are()
{
	[ "$(event connect)" -ge "$1" ]
}

events_are()
{
	[ "$(event "$1")" -ge "$2" ]
}

# Ended; whoever has to may not have asked for its exit code yet.
gone()
{
	! grep -q '^State:	[^Z]' "/proc/$1/status" 2>/dev/null
}

# TERM again and again: two that come together may be one.
insist()
{
	wait_for eval 'kill "$PID" 2>/dev/null; gone "$PID"'
	stop "$PID"
}

@test "TERM in the middle of a broadcast: what is in flight ends, the rest goes back, exit 0" {
	sink -d 5
	explode 900 -n 3
	for signal in TERM INT; do
		n=$(($(delivered) + 30))
		start_with_int ml-runner "$SPOOL" smtp 127.0.0.1 "$PORT"
		wait_for has_delivered "$n"
		stop "$PID" "$signal"
		[ "$status" -eq 0 ]
		clean 900
		[ "$(delivered)" -lt 800 ]
		[ -z "$(twice)" ]
	done
	[ "$(event noquit)" -eq 0 ]
	runner -1q
	[ "$(delivered)" -eq 900 ]
	[ -z "$(twice)" ]
}

@test "an INT that is ignored at the start stays ignored, in the runner and in its command" {
	explode 3 -n 1
	start sh -c "trap '' INT; exec \"\$@\"" sh ml-runner "$SPOOL" \
		pipe sh -c 'kill -s INT $$; [ -e began ] && exit; touch began; while [ ! -e go ]; do sleep 0.05; done'
	wait_for test -e began
	kill -s INT "$PID"
	touch go
	wait_for eval '[ "$(rcpts "done" | wc -l)" -eq 3 ]'
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done' | cut -c 1-4 | uniq -c | tr -s ' ')" = " 3 D250" ]
}

@test "TERM in the middle of an envelope: its recipients so far are D, and it goes back" {
	sink -d 10
	explode 100 -V +=
	start_runner
	wait_for has_delivered 10
	stop "$PID"
	[ "$status" -eq 0 ]
	clean 100
	[ "$(delivered)" -lt 90 ]
}

@test "TERM waits for the reply to a text that is out; a second TERM drops it, and it stays T" {
	sink
	rule 'text * stall 2'
	explode 3
	start_runner
	wait_for events_are stall 1
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done' | cut -c 1-4 | uniq -c | tr -s ' ')" = " 3 D250" ]

	rule 'text * stall 30'
	explode 3
	start_runner
	wait_for events_are stall 2
	before=$(now)
	insist
	[ "$status" -eq 0 ]
	[ $(($(now) - before)) -lt 1500000 ]
	[ "$(rcpts new)" = "$(addresses 3 | sed 's/^/T000 /')" ]
	nothing_claimed
}

@test "TERM to a runner that idles, is down, is paused, or waits for a greeting ends it at once" {
	sink
	start_runner
	wait_for state_is idle
	stop "$PID"
	[ "$status" -eq 0 ]
	touch "$SPOOL/paused"
	start_runner
	wait_for state_is paused
	stop "$PID"
	[ "$status" -eq 0 ]
	rm "$SPOOL/paused"
	post
	rule 'connect * stall 30'
	start_runner
	wait_for events_are stall 1
	before=$(now)
	stop "$PID"
	[ "$status" -eq 0 ]
	stop "$SINK_PID"
	start_runner
	wait_for state_is down
	stop "$PID"
	[ "$status" -eq 0 ]
	[ $(($(now) - before)) -lt 3000000 ]
	[ "$(rcpts new)" = "T000 ann@example.com" ]
	[ -z "$(ls -A "$SPOOL/run")" ]
}

@test "TERM waits for a command of pipe, which does not get it; a second one ends it" {
	post
	start ml-runner "$SPOOL" pipe sh -c 'trap "touch got" TERM; touch began; while [ ! -e go ]; do sleep 0.05; done'
	wait_for test -e began
	kill "$PID"
	touch go
	stop "$PID" CONT
	[ "$status" -eq 0 ]
	[ ! -e got ]
	[ "$(rcpts 'done')" = "D250 ann@example.com" ]
	rm began go
	post
	start ml-runner "$SPOOL" pipe sh -c 'touch began; sleep 30'
	wait_for test -e began
	insist
	[ "$status" -eq 0 ]
	[ "$(rcpts new)" = "T000 ann@example.com" ]
}

@test "TERM to a runner that can't mark what was accepted: it stays claimed, exit 75, and comes back noted" {
	mapfile -t everybody < <(addresses 60)
	post "${everybody[@]}"
	# marks beyond the first 1024 octets can't be written
	start sh -c 'ulimit -f 2 && exec ml-runner -q "$1" pipe sh -c "cat; touch began; until [ -e go ]; do sleep 0.02; done" {rcpts}' \
		- "$SPOOL"
	wait_for test -e began
	kill "$PID"
	touch go
	stop "$PID" CONT
	[ "$status" -eq 75 ]
	claim=$(ls "$SPOOL/cur")
	[ "$(cat "$PID_ERR")" = "ml-runner: cur/$claim: File too large" ]
	run -0 tree
	assert_lines 'cur/a:R
mess/a
run/R'
	run rcpts
	[ "${lines[0]}" = 'D250 user1@example.com' ]
	[ "${lines[59]}" = 'T000 user60@example.com' ]
	run -0 ml-requeue "$SPOOL"
	[ "$(tail -n 1 "$(envelopes new)")" = "! 0 died ${claim#*:} todo=$(rcpts | grep -c ^T)" ]
	[ -z "$(ls "$SPOOL/run")" ]
}

@test "HUP: a new session, and nothing is lost or sent twice by that" {
	sink -d 10
	explode 900 -n 1
	start_runner
	for n in 20 40 60; do
		wait_for has_delivered "$n"
		kill -s HUP "$PID"
		wait_for connects_are $((n / 20 + 1))
	done
	wait_for has_delivered $(($(delivered) + 20))
	stop "$PID"
	[ "$status" -eq 0 ]
	clean 900
	[ -z "$(twice)" ]
	[ "$(event connect)" -eq 4 ]
	[ "$(event noquit)" -eq 0 ]
}

@test "HUP to an idle runner closes its session, and the next work has one connection" {
	sink
	post
	start_runner
	wait_for has_delivered 1
	wait_for state_is idle
	kill -s HUP "$PID"
	wait_for events_are close 1
	[ "$(event noquit)" -eq 0 ]
	post bob@example.com
	wait_for has_delivered 2
	[ "$(event connect)" -eq 2 ]
	stop "$PID"
}

@test "ALRM: looks now, for what was moved in by hand" {
	sink
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/hold/"
	start_runner
	wait_for state_is idle
	mv "$SPOOL/hold/$NAME" "$SPOOL/new/"
	before=$(now)
	kill -s ALRM "$PID"
	wait_for -t 3 has_delivered 1
	[ $(($(now) - before)) -lt 2000000 ]
	stop "$PID"
}

@test "ALRM ends a backoff" {
	sink
	stop "$SINK_PID"
	post
	# a backoff of 4 s at least: three failures, each after a look that was asked for
	start_runner
	for n in 1 2 3 4; do
		wait_for eval '[ "$(grep -c ^down "$PID_ERR")" -ge '"$n"' ]'
		[ "$n" = 4 ] || kill -s ALRM "$PID"
	done
	"$SINK" -T 60 -l "$LOG" 127.0.0.1 "$PORT" 3>&- &
	STARTED+=("$!")
	before=$(now)
	wait_for -t 4 eval 'kill -s ALRM "$PID"; has_delivered 1'
	[ $(($(now) - before)) -lt 3000000 ]
	stop "$PID"
	[ "$status" -eq 0 ]
}

@test "STOP and CONT are harmless, also while a reply comes later than -t allows" {
	sink
	rule 'text * times 1 stall 1'
	explode 30 -n 3
	start_runner -t 5
	wait_for events_are stall 1
	kill -s STOP "$PID"
	wait_for has_delivered 3
	# the reply is there; the clock says that it came too late
	end=$(($(now) + 5500000))
	wait_for eval '[ "$(now)" -gt '"$end"' ]'
	kill -s CONT "$PID"
	wait_for has_delivered 30
	stop "$PID"
	[ "$status" -eq 0 ]
	clean 30
	[ -z "$(twice)" ]
	[ "$(event connect)" -eq 1 ]
}

@test "likewise while the greeting does" {
	sink
	rule 'connect * times 1 stall 1'
	explode 3 -n 3
	start_runner -t 8
	wait_for events_are stall 1
	kill -s STOP "$PID"
	end=$(($(now) + 4500000))
	wait_for eval '[ "$(now)" -gt '"$end"' ]'
	kill -s CONT "$PID"
	wait_for has_delivered 3
	stop "$PID"
	[ "$status" -eq 0 ]
	clean 3
	run ! grep ^down "$PID_ERR"
	[ "$(event connect)" -eq 1 ]
}

@test "a runner whose run file is taken away takes a new name, goes on, and sends each once" {
	sink -d 10
	start_runner
	wait_for state_is idle
	wait_for grep -q '^pid' "$SPOOL"/run/[0-9]*
	old=$(ls "$SPOOL/run")
	explode 60 -n 1
	rm "$SPOOL/run/$old"
	wait_for has_delivered 60
	wait_for grep -q ^renamed "$PID_ERR"
	[ "$(ls "$SPOOL/run")" != "$old" ]
	stop "$PID"
	[ "$status" -eq 0 ]
	clean 60
	[ -z "$(twice)" ]
	run ! grep -q '^lost' "$PID_ERR"
}

# A runner that waits for the reply to its first DATA, has just begun to work, and is stopped.
stopped_with_a_claim()
{
	local i
	for ((i = 0; i < 10; i++)); do
		start_runner
		wait_for state_is idle
		old=$(ls "$SPOOL/run")
		post "rcpt$i@example.com"
		wait_for has_claimed
		kill -s STOP "$PID"
		# unless it said in the meantime that it is busy, its next heartbeat is due at once
		[ -e "$SPOOL/cur/$NAME:$old" ] && grep -q '^state idle$' "$SPOOL/run/$old" && return
		kill -s CONT "$PID"
		stop "$PID"
		find "$SPOOL/new" "$SPOOL/done" "$SPOOL/defer" -type f -delete
	done
	return 1
}

@test "a claim that was taken from a stopped runner is not delivered by it" {
	sink
	rule 'data * stall 1'
	stopped_with_a_claim
	rm "$SPOOL/run/$old"
	mv "$SPOOL/cur/$NAME:$old" "$SPOOL/new/0000000000000001.$UNIQUE"
	touch "$SPOOL/paused"
	kill -s CONT "$PID"
	wait_for grep -q ^lost "$PID_ERR"
	post other@example.com
	rm "$RULES"
	rm "$SPOOL/paused"
	wait_for has_delivered 2
	stop "$PID"
	[ "$status" -eq 0 ]
	[ -z "$(twice)" ]
	[ "$(rcpts 'done' | cut -c 1-4 | uniq -c | tr -s ' ')" = " 2 D250" ]
}

# reader: a command that takes its stdin once `go` is there, and has got it when that has ended
reader()
{
	cat >reader <<-'END'
		#!/bin/sh
		touch began
		until [ -e go ]; do kill -0 $PPID || exit; sleep 0.02; done
		cat >part && mv part got
	END
	chmod +x reader
}

@test "the text of a claim that was taken goes no further into a command, which is killed" {
	reader
	for ((i = 0; i < 10; i++)); do
		rm -f began
		start ml-runner "$SPOOL" pipe ./reader
		wait_for state_is idle
		old=$(ls "$SPOOL/run")
		NAME=$({ letter; yes 'a line of some length' | head -n 40000; } |
			ml-enqueue -f news@example.org "$SPOOL" ann@example.com)
		wait_for test -e began
		kill -s STOP "$PID"
		# unless it said in the meantime that it is busy, its next heartbeat is due at once
		grep -q '^state idle$' "$SPOOL/run/$old" && break
		kill -s CONT "$PID"
		insist
		find "$SPOOL" -type f -delete
	done
	rm "$SPOOL/run/$old"
	mv "$SPOOL/cur/$NAME:$old" "$SPOOL/new/$NAME"
	run -0 ml-runner -1 "$SPOOL" pipe sh -c 'cat >>copies'
	kill -s CONT "$PID"
	wait_for grep -q ^lost "$PID_ERR"
	touch go
	stop "$PID"
	[ "$status" -eq 0 ]
	[ ! -e got ]
	[ "$(grep -c '^Subject' copies)" -eq 1 ]
	[ "$(grep -v -e ^renamed -e ^lost "$PID_ERR")" = '' ]
	run -0 tree
	assert_lines 'done/a'
	[ "$(rcpts)" = 'D250 ann@example.com' ]
}

@test "kill -9 in the middle of a broadcast: requeued, nothing is lost, at most one message twice" {
	sink -d 3
	explode 300 -n 3
	for n in 30 90 150; do
		start_runner -q
		wait_for has_delivered "$n"
		stop "$PID" KILL
		[ "$status" -eq 137 ]
		[ "$(ls "$SPOOL/cur" | wc -l)" -le 2 ]
		ml-requeue "$SPOOL"
		nothing_claimed
	done
	runner -1q
	[ "$(accepted | sort -u | wc -l)" -eq 300 ]
	[ "$(twice | wc -l)" -le 9 ]
	[ "$(rcpts 'done' | grep -c ^D250)" -eq 300 ]
	[ -z "$(envelopes new cur defer fail hold)" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ucspi: somebody else has connected descriptors 6 and 7, and the runner ends with that connection.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load relay

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

ucspi()
{
	client timeout 30 ml-runner "$@" "$SPOOL" ucspi
}

@test "a list goes out over descriptors 6 and 7" {
	sink
	explode 300 -n 100
	run -0 --separate-stderr ucspi -1q
	assert_stderr "$(printf '%s\n' 'connected to=ucspi' 'closed to=ucspi messages=3')"
	[ "$(delivered)" -eq 300 ]
	[ -z "$(twice)" ]
	[ "$(event connect)" -eq 1 ]
	[ "$(event noquit)" -eq 0 ]
	[ "$(event early)" -eq 0 ]
}

@test "they may be two pipes, also for a long text" {
	sink
	{ letter; head -c 3000000 /dev/zero | tr '\0' x | fold -w 80; echo; } |
		ml-enqueue -f news@example.org "$SPOOL" a@example.org
	explode 50 -n 10
	run -0 --separate-stderr piped timeout 30 ml-runner -1q "$SPOOL" ucspi
	[ "$(delivered)" -eq 51 ]
	[ "$(event noquit)" -eq 0 ]
}

@test "with nothing to do it says QUIT, and ends with 0" {
	sink
	run -0 --separate-stderr ucspi -1
	[ "$(commands QUIT | wc -l)" -eq 1 ]
	[ "$(commands EHLO | wc -l)" -eq 1 ]
	: >"$SPOOL/paused"
	post
	run -0 --separate-stderr ucspi -1
	[ "$(delivered)" -eq 0 ]
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
}

@test "without -1 it takes what comes, and ends after ten seconds without work" {
	sink
	start client ml-runner "$SPOOL" ucspi
	wait_for grep -q ^connected "$PID_ERR"
	post
	wait_for has_delivered 1
	await "$PID"
	[ "$status" -eq 0 ]
	[ "$(event noquit)" -eq 0 ]
	[ "$(commands QUIT | wc -l)" -eq 1 ]
	[ -z "$(ls "$SPOOL/run")" ]
}

@test "it ends with 0 when the server says good-bye to a session without work" {
	sink
	start client ml-runner "$SPOOL" ucspi
	wait_for grep -q ^connected "$PID_ERR"
	kill -s USR1 "$SINK_PID"
	await "$PID"
	[ "$status" -eq 0 ]
	[ -z "$(ls "$SPOOL/run")" ]
}

@test "a connection lost over a message ends it with 75, and its claims go back" {
	sink
	explode 50 -n 5
	rule 'mail * after 4 drop'
	run -75 --separate-stderr ucspi -q
	grep -q '^disconnected error="connection closed by the server"' <<<"$stderr"
	[ "$(delivered)" -eq 20 ]
	nothing_claimed
	[ "$(rcpts new | grep -c '^T000')" -eq 25 ]
	[ "$(rcpts new | grep -c '^T421')" -eq 5 ]
	[ -z "$(envelopes defer fail hold)" ]
	rule ''
	run -0 --separate-stderr ucspi -1q
	[ "$(delivered)" -eq 50 ]
	[ -z "$(twice)" ]
}

@test "a greeting that refuses ends it with 75, and nothing is claimed" {
	sink
	rule 'connect * 554 5.3.2 not today'
	post
	for o in -1 -q; do
		run -75 --separate-stderr ucspi "$o"
		assert_stderr 'down to=ucspi error="554 5.3.2 not today"'
	done
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
}

@test "a connection that has done its share ends it: 75 while something is left" {
	sink
	explode 5 -n 1
	run -75 --separate-stderr ucspi -1q -c 3
	[ "$(delivered)" -eq 3 ]
	run -0 --separate-stderr ucspi -1q -c 2
	[ "$(delivered)" -eq 5 ]
	[ "$(event noquit)" -eq 0 ]
}

@test "TERM finishes what is in flight, says QUIT and ends with 0" {
	sink -d 200
	post
	start ml-runner "$SPOOL" ucspi 6<>"/dev/tcp/127.0.0.1/$PORT" 7>&6
	wait_for sh -c "grep -q 'cmd 1 MAIL' '$LOG'"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
	[ "$(commands QUIT | wc -l)" -eq 1 ]
}

@test "without descriptors 6 and 7, or for several processes, it refuses to start" {
	run -64 --separate-stderr ml-runner -1 "$SPOOL" ucspi 6<&- 7>&-
	assert_stderr 'ml-runner: ucspi: descriptors 6 and 7 are not open: a UCSPI client starts this'
	run -64 --separate-stderr ml-runner -1 "$SPOOL" ucspi 6</dev/null 7</dev/null
	run -64 --separate-stderr ml-runner -1 -j 2 "$SPOOL" ucspi 6</dev/null 7>/dev/null
	assert_stderr 'ml-runner: -j: ucspi has one connection, for one runner'
	run -64 --separate-stderr ml-runner -1 "$SPOOL" ucspi 25 6</dev/null 7>/dev/null
	[ -z "$(tree)" ]
}

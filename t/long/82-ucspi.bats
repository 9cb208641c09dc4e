#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ucspi under real clients: tcpclient over TCP, s6-ipcclient over a local socket.
# shellcheck disable=SC2030,SC2031,SC2154
load ../lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# client_is NAME: a sink, and CLIENT, which reaches it
client_is()
{
	need "$1"
	if [ "$1" = tcpclient ]; then
		sink "${@:2}"
		CLIENT=(tcpclient -RHl0 127.0.0.1 "$PORT")
		return
	fi
	LOG=$BATS_TEST_TMPDIR/sink.log
	RULES=$BATS_TEST_TMPDIR/sink.rules
	SINK=${SINK:-$BIN/../t/sink}
	start "$SINK" -T 120 -v -l "$LOG" -r "$RULES" -p ready "${@:2}" "$BATS_TEST_TMPDIR/socket"
	wait_for test -e ready
	CLIENT=(s6-ipcclient -l0 "$BATS_TEST_TMPDIR/socket")
}

# One connection delivers all and ends; a second has nothing to do and ends likewise.
delivers()
{
	client_is "$1"
	explode 2000 -n 1
	run -0 --separate-stderr timeout 60 "${CLIENT[@]}" ml-runner -1q "$SPOOL" ucspi
	[ "$(delivered)" -eq 2000 ] || { echo "$stderr"; return 1; }
	[ -z "$(twice)" ]
	[ "$(event connect)" -eq 1 ]
	run -0 --separate-stderr timeout 60 "${CLIENT[@]}" ml-runner -1q "$SPOOL" ucspi
	[ "$(event connect)" -eq 2 ]
	[ "$(event noquit)" -eq 0 ]
	[ "$(event early)" -eq 0 ]
}

@test "tcpclient: one connection delivers all, and the runner ends with it" {
	delivers tcpclient
}

@test "s6-ipcclient: one connection delivers all, and the runner ends with it" {
	delivers s6-ipcclient
}

# A loop as a supervisor has it, with a server that hangs up: nobody is lost, nobody has it twice.
goes_on()
{
	client_is "$1" -n 30
	explode 300 -n 1
	rule 'mail * after 10 times 1 drop'
	local n=0
	status=75
	while [ "$status" -eq 75 ] && [ "$n" -lt 40 ]; do
		n=$((n + 1))
		run timeout 60 "${CLIENT[@]}" ml-runner -1q "$SPOOL" ucspi
	done
	[ "$status" -eq 0 ]
	[ "$(delivered)" -eq 300 ]
	[ -z "$(twice)" ]
	[ "$n" -ge 10 ]
	[ -z "$(rcpts new cur defer)" ]
}

@test "tcpclient: what a lost connection leaves is the next one's" {
	goes_on tcpclient
}

@test "s6-ipcclient: what a lost connection leaves is the next one's" {
	goes_on s6-ipcclient
}

@test "under tcpclient a runner without -1 serves what comes, and QUITs after ten seconds of rest" {
	client_is tcpclient
	start "${CLIENT[@]}" ml-runner -q "$SPOOL" ucspi
	post
	wait_for has_delivered 1
	post bob@example.com
	wait_for has_delivered 2
	wait_for -t 20 sh -c "! kill -0 $PID"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(event noquit)" -eq 0 ]
}

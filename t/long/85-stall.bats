#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A server that sends its replies in pieces may keep a piece back until the one before it is
# acknowledged, which a careless client does 40 ms later: once a message, or once a window.  As many
# messages are sent as make at least 10 s of that.  Without a stall they take from a twentieth of a
# second to five, which they may double on a busy machine.  A stall is there each time and noise is
# not, so the best of three runs counts.
# shellcheck disable=SC2154
load ../lib
load real
load postfix
load apart
load exim
load opensmtpd

POST=500
LONGEST=10000000

setup()
{
	mkspool
}

teardown()
{
	exim_down
	exim_clean
	opensmtpd_down
	postfix_down
	stop_started
}

# took N PORT W: how many microseconds one connection needs for N messages
took()
{
	local began
	letter post | ml-explode -f news@lists.example.org -V += -l <(addresses "$1") "$SPOOL" >/dev/null
	began=$(now)
	ml-runner -q -1 -w "$3" "$SPOOL" smtp 127.0.0.1 "$2" 2>"$BATS_TEST_TMPDIR/log"
	echo $(($(now) - began))
	[ -z "$(rcpts new cur defer fail)" ]
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq "$1" ]
	find "$SPOOL/done" -type f -delete
}

# no_stall WHAT PORT [W]
no_stall()
{
	local w=${3:-1} n us i
	n=$((w < 2 ? POST : POST * w / 2))
	for i in 1 2 3; do
		us=$(took "$n" "$2" "$w")
		echo "$1: $((n * 1000000 / us)) a second"
		[ "$us" -ge "$LONGEST" ] || return 0
	done
	return 1
}

# piecemeal [OPTION…]: a sink that answers so
piecemeal()
{
	unset PORT
	rm -f "$BATS_TEST_TMPDIR/sink.port"
	sink -B "$@"
}

@test "one connection meets no stall with a server that answers in pieces, in lockstep, groups and windows" {
	piecemeal -P
	no_stall lockstep "$PORT"
	piecemeal
	no_stall groups "$PORT"
	piecemeal -C
	for w in 1 2 8 32; do
		no_stall "window of $w" "$PORT" $w
	done
}

@test "nor with Postfix" {
	need_postfix
	postfix_up 'default_transport = discard:'
	no_stall groups "$MTA_PORT"
	for w in 2 8; do
		no_stall "window of $w" "$MTA_PORT" $w
	done
	postfix_down
	postfix_up 'default_transport = discard:' 'smtpd_discard_ehlo_keywords = pipelining, chunking, silent-discard'
	no_stall lockstep "$MTA_PORT"
}

@test "nor with Exim" {
	need_exim "$([ ! -w /dev/shm ] || echo /dev/shm)"
	exim_up
	no_stall groups "$MTA_PORT"
	no_stall 'window of 2' "$MTA_PORT" 2
	exim_down
	exim_up 'pipelining_advertise_hosts =' 'chunking_advertise_hosts ='
	no_stall lockstep "$MTA_PORT"
}

@test "nor with OpenSMTPD, which knows lockstep only" {
	need_opensmtpd
	opensmtpd_up
	no_stall lockstep "$MTA_PORT"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The end of a session that nobody has work for, and of one whose server does not answer QUIT.
# shellcheck disable=SC2154
load ../lib
load ../peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

seconds()
{
	echo $(($(now) / 1000000))
}

@test "a session is kept for ten seconds without work, and then ended with QUIT; the next message has another" {
	local began
	sink
	start_runner -q
	post
	wait_for has_delivered 1
	began=$(seconds)
	wait_for -t 15 eval '[ "$(commands QUIT | wc -l)" -eq 1 ]'
	began=$(($(seconds) - began))
	[ "$began" -ge 9 ]
	[ "$began" -le 12 ]
	[ "$(event connect)" -eq 1 ]
	post bob@example.com
	wait_for has_delivered 2
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(event connect)" -eq 2 ]
	[ "$(event noquit)" -eq 0 ]
}

@test "a QUIT without an answer holds nobody up for more than two seconds" {
	local began
	{ hello; mail; everyone; data; taken; echo 'expect QUIT$
		gone'; } | dialogue
	post ann@example.com bob@example.com eve@example.com
	began=$(seconds)
	again
	[ "$CODE" -eq 0 ]
	[ $(($(seconds) - began)) -le 4 ]
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

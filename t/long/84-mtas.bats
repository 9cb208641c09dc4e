#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Real MTAs, each restarted in the middle of a broadcast: what they say that they took is what is marked.
# shellcheck disable=SC2154
load ../lib
load real
load postfix
load apart
load exim
load opensmtpd

POST=5000
RUNNERS=2

setup()
{
	mkspool
	addresses $POST >"$BATS_TEST_TMPDIR/members"
}

teardown()
{
	exim_down
	opensmtpd_down
	postfix_down
	stop_started
}

# It is asked what it took, not what it made of it.
arrived()
{
	"${MTA}_took"
}

all_but_deferred()
{
	[ -z "$(rcpts new cur)" ]
}

in_state()
{
	[ "$(grep -lx "state $1" "$SPOOL"/run/* | wc -l)" -eq "$RUNNERS" ]
}

# The MTA's log may come a moment later than what it tells of.
has_all_that_is_marked()
{
	arrived | sed 's/.* //' | sort -u >"$BATS_TEST_TMPDIR/got"
	[ -z "$(comm -13 "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/marked")" ]
}

# What is marked, and no more than one message of each runner besides, is what the MTA has.
marks_are_true()
{
	delivered_marks >"$BATS_TEST_TMPDIR/marked"
	wait_for has_all_that_is_marked
	[ "$(comm -23 "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/marked" | wc -l)" -le "$RUNNERS" ]
}

# through MTA [SETTING…]
through()
{
	local runners
	MTA=$1
	shift
	"need_$MTA"
	"${MTA}_up" "$@"
	letter post | ml-explode -f news@lists.example.org -V += -n 250 \
		-l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
	start ml-runner -q -j "$RUNNERS" "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	runners=$PID
	wait_for -t 30 has_arrived $((POST / 3))
	"${MTA}_down"
	wait_for in_state down
	[ -n "$(rcpts new)" ]
	[ -z "$(envelopes cur)" ]
	run ! grep -rh '^F' "$SPOOL"/{new,defer,fail,done}

	touch "$SPOOL/paused"
	"${MTA}_up" "$@"
	wait_for -t 60 "${MTA}_settled"
	marks_are_true
	rm "$SPOOL/paused"
	kill -s ALRM "$runners"
	wait_for -t 60 all_but_deferred
	ml-requeue -a "$SPOOL"
	wait_for -t 30 all_but_deferred
	stop "$runners"
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq $POST ]
	nothing_left
	wait_for -t 60 "${MTA}_settled"
	wait_for assert_all $POST news
	[ "$(twice)" -le "$RUNNERS" ]
}

@test "Postfix, restarted half way, has 5,000 messages, each with its return path, and twice only what was in doubt" {
	# what its going down made it put off comes again at once
	through postfix 'default_transport = discard:' 'transport_retry_time = 1s' 'queue_run_delay = 1s' \
		'minimal_backoff_time = 1s' 'maximal_backoff_time = 2s'
}

@test "the same with Exim" {
	through exim
}

@test "the same with OpenSMTPD" {
	through opensmtpd
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A real Postfix that relays to the sink.
load ../lib
load real
load postfix

setup()
{
	need_postfix
	mkspool
	sink
}

post()
{
	addresses "$1" >"$BATS_TEST_TMPDIR/members"
	letter post | ml-explode -f news@lists.example.org -V += -n "${2:-500}" \
		-l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
}

state_is()
{
	[ "$(grep -lx "state $1" "$SPOOL"/run/* | wc -l)" -eq "$2" ]
}

drained()
{
	[ "$(rcpts | wc -l)" -gt 0 ] && [ -z "$(rcpts new cur defer)" ]
}

@test "10,000 subscribers get it once each through Postfix, each with a return path of its own" {
	postfix_up
	post 10000
	run -0 --separate-stderr ml-runner -q -j 4 -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[ -z "$output" ]
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 10000 ]
	nothing_left
	wait_for -t 60 has_arrived 10000
	[ "$(twice)" -eq 0 ]
	assert_all 10000 news
	[ "$(arrived | wc -l)" -eq 10000 ]
	wait_for postfix_empty
}

@test "while Postfix is stopped, -1 exits 75 and no envelope is touched" {
	post 1000
	names >"$BATS_TEST_TMPDIR/before"
	run -75 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	run -75 ml-runner -j 4 -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	names | diff "$BATS_TEST_TMPDIR/before" -
	[ -z "$(rcpts | grep -v '^T000 ')" ]
}

@test "while Postfix turns clients away, -1 exits 75 and no envelope is touched; then all get it" {
	post 200
	names >"$BATS_TEST_TMPDIR/before"
	postfix_up 'smtpd_delay_reject = no' 'smtpd_client_restrictions = reject'
	run -75 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[[ "$output" == *'error="554 '* ]]
	names | diff "$BATS_TEST_TMPDIR/before" -
	postfix_down
	postfix_up 'smtpd_delay_reject = no' 'smtpd_client_restrictions = defer'
	run -75 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[[ "$output" == *'error="450 '* ]]
	names | diff "$BATS_TEST_TMPDIR/before" -
	postfix_down
	postfix_up
	run -0 ml-runner -q -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	wait_for has_arrived 200
	assert_all 200 news
	[ "$(twice)" -eq 0 ]
}

@test "a Postfix that takes one client only is served by one of four runners, and no attempt is spent" {
	post 400 50
	postfix_up 'smtpd_client_connection_count_limit = 1' 'smtpd_client_event_limit_exceptions ='
	start ml-runner -q -j 4 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	wait_for -t 30 drained
	grep -q 'down .*error="421 ' "$PID_ERR"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 400 ]
	run ! grep -r '^!' "$SPOOL/done"
	nothing_left
	wait_for has_arrived 400
	assert_all 400 news
	[ "$(twice)" -eq 0 ]
}

@test "a Postfix without room defers everybody and fails nobody; all get it when there is room" {
	post 200 20
	postfix_up 'queue_minfree = 1000000000000000' 'message_size_limit = 1000000'
	run -75 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[ -z "$(rcpts | grep '^[DF]')" ]
	[ -n "$(rcpts defer | grep '^T452 ')" ]
	[ -z "$(envelopes cur)" ]
	postfix_down
	postfix_up
	ml-requeue -a "$SPOOL"
	run -0 ml-runner -q -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	wait_for has_arrived 200
	assert_all 200 news
	[ "$(twice)" -eq 0 ]
}

@test "Postfix stopped half way: nothing is lost, nothing marked falsely, all get it once it is back" {
	local one='smtp_destination_concurrency_limit = 1'
	post 2000 100
	postfix_up "$one" 'initial_destination_concurrency = 1'
	start ml-runner -q -j 2 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	runners=$PID
	wait_for has_arrived 200
	postfix_down
	wait_for state_is down 2
	[ -n "$(rcpts new)" ]
	[ -z "$(envelopes cur)" ]

	# What is marked, and no more than what was in doubt besides, is what Postfix has.
	touch "$SPOOL/paused"
	run ! grep -rh '^F' "$SPOOL"/{new,defer,fail,done}
	postfix_up "$one" 'initial_destination_concurrency = 1'
	wait_for -t 30 postfix_empty
	arrived | sed 's/.* //' | sort -u >"$BATS_TEST_TMPDIR/got"
	delivered_marks >"$BATS_TEST_TMPDIR/marked"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/marked")" -ge 200 ]
	[ -z "$(comm -13 "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/marked")" ]
	[ "$(comm -23 "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/marked" | wc -l)" -le 2 ]

	rm "$SPOOL/paused"
	ml-requeue -a "$SPOOL"
	kill -s ALRM "$runners"
	wait_for -t 60 drained
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 2000 ]
	stop "$runners"
	[ "$status" -eq 0 ]
	nothing_left
	wait_for -t 30 postfix_empty
	assert_all 2000 news
	# Two runners had a message in doubt each, Postfix one of its own.
	[ "$(submissions | awk '{ print $1 }' | uniq -d | wc -l)" -le 2 ]
	[ "$(twice)" -le 3 ]
}

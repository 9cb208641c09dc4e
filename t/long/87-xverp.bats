#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A real Postfix that makes the return paths itself (XVERP), for clients that it allows to ask for it.
# shellcheck disable=SC2154
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
	letter post | ml-explode -f news@lists.example.org -V "${2:-+=}" \
		-l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
}

# All N of them are marked, and have it once each, in as many transactions as this.
all_in()
{
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq "$1" ]
	nothing_left
	wait_for -t 50 has_arrived "$1"
	wait_for postfix_settled
	[ "$(twice)" -eq 0 ]
	assert_all "$1" news
	[ "$(arrived | wc -l)" -eq "$1" ]
	[ "$(submissions | wc -l)" -eq "$2" ]
}

@test "where Postfix allows XVERP, 10,000 have it once, each with its return path, from 100 transactions" {
	postfix_up 'smtpd_authorized_verp_clients = 127.0.0.0/8' 'smtp_destination_recipient_limit = 1'
	post 10000
	run -0 ml-runner -q -1 -n 100 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	all_in 10000 100
}

@test "where it does not, XVERP is not asked for, and each has a transaction of its own" {
	postfix_up
	post 200
	run -0 ml-runner -q -1 -n 100 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	all_in 200 200
	run ! grep -qi xverp "$PF_LOG"
}

@test "where it refuses the delimiters with XVERP, the runner makes the return paths, and nobody pays for it" {
	postfix_up 'smtpd_authorized_verp_clients = 127.0.0.0/8' 'verp_delimiter_filter = -+' \
		'default_verp_delimiters = -+'
	post 200 +=
	run -0 timeout 30 ml-runner -q -1 -n 100 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	all_in 200 200
	run ! grep -r '^!' "$SPOOL/done"
}

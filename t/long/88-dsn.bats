#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What comes back from a real Postfix for a post without VERP: the server behind it refuses somebody.
# shellcheck disable=SC2154
load ../lib
load real
load postfix

setup()
{
	need_postfix
	mkspool
	mkdir "$BATS_TEST_TMPDIR/mail"
	echo 'rcpt refused@* 550 5.1.1 no such user' >"$BATS_TEST_TMPDIR/rules"
	sink -D "$BATS_TEST_TMPDIR/mail" -r "$BATS_TEST_TMPDIR/rules"
}

report()
{
	grep -rl '^Content-Type: message/delivery-status' "$BATS_TEST_TMPDIR/mail"
}

@test "the report names the subscriber as he was addressed, even where Postfix rewrote the address" {
	echo '/^old\+ann@example\.com$/ refused@elsewhere.example' >"$PF/virtual"
	postfix_up "virtual_alias_maps = regexp:$PF/virtual" 'virtual_alias_domains =' 'propagate_unmatched_extensions ='
	printf '%s\n' bob@example.com old+ann@example.com eve@example.com >"$BATS_TEST_TMPDIR/members"
	letter post | ml-explode -f news@lists.example.org -l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
	run -0 ml-runner -q -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 3 ]
	wait_for -t 30 report
	wait_for postfix_settled
	[ "$(report | wc -l)" -eq 1 ]
	tr -d '\r' <"$(report)" >"$BATS_TEST_TMPDIR/report"
	grep -i '^Original-Recipient: rfc822; *old' "$BATS_TEST_TMPDIR/report" >"$BATS_TEST_TMPDIR/original"
	# xtext, which a server may pass on as it came or decode
	sed -i -e 's/+2B/+/' -e 's/.*; *//' "$BATS_TEST_TMPDIR/original"
	[ "$(cat "$BATS_TEST_TMPDIR/original")" = old+ann@example.com ]
	grep -i '^Final-Recipient: rfc822; *refused@elsewhere.example' "$BATS_TEST_TMPDIR/report"
	arrived | sed 's/^ /<> /' | sort | diff - <(printf '%s\n' '<> news@lists.example.org' \
		'news@lists.example.org bob@example.com' 'news@lists.example.org eve@example.com')
}

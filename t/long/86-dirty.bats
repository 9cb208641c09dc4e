#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A list of which a real Postfix refuses one address in five.
# shellcheck disable=SC2154
load ../lib
load real
load postfix

setup()
{
	need_postfix
	mkspool
	echo '/^gone/ 550 5.1.1 no such user' >"$PF/access"
	postfix_up 'default_transport = discard:' \
		"smtpd_recipient_restrictions = check_recipient_access regexp:$PF/access"
}

arrived()
{
	postfix_took
}

# dirty PATTERN [OPTION…]: a post to 1,000, of whom awk's PATTERN says who is gone.  Once Postfix had
# refused ten commands in a row it would need a second for each reply.
dirty()
{
	local pattern=$1
	shift
	awk 'BEGIN { for (i = 1; i <= 1000; i++) print ('"$pattern"' ? "gone" : "user") i "@example.com" }' \
		>"$BATS_TEST_TMPDIR/members"
	letter post | ml-explode -f news@lists.example.org -V += -l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
	run -0 timeout 30 ml-runner -q -1 "$@" "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[ -z "$(rcpts new cur defer)" ]
	rcpts | sort | diff - \
		<(sed -e 's/^gone/F550 &/' -e 's/^user/D250 &/' "$BATS_TEST_TMPDIR/members" | sort) >"$BATS_TEST_TMPDIR/diff" || { head "$BATS_TEST_TMPDIR/diff"; return 1; }
	[ "$(grep -h '^! [1-9][0-9]* 550 5.1.1 ' "$SPOOL"/fail/* | wc -l)" -eq 200 ]
	wait_for -t 30 postfix_settled
	arrived | sed 's/.* //' | sort | cmp - <(grep user "$BATS_TEST_TMPDIR/members" | sort)
	arrived | awk '{ at = index($2, "@"); sub(/@/, "=", $2) } $1 != "news+" $2 "@lists.example.org"' |
		diff - /dev/null
}

@test "who is refused failed, and all others get it once, with every fifth refused" {
	dirty 'i % 5 == 0'
}

@test "the same with forty refused in a row" {
	dirty 'i % 200 >= 160'
}

@test "the same in windows" {
	dirty 'i % 5 == 0' -w 8
}

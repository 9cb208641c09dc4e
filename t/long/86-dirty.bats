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

# dirty PATTERN EXPLODE RUNNER: a post to 1,000 with these options, of whom awk's PATTERN says who is
# gone.  After ten refusals in a row Postfix needs a second for each reply, and after twenty it hangs up.
dirty()
{
	awk 'BEGIN { for (i = 1; i <= 1000; i++) print ('"$1"' ? "gone" : "user") i "@example.com" }' \
		>"$BATS_TEST_TMPDIR/members"
	# shellcheck disable=SC2086
	letter post | ml-explode -f news@lists.example.org $2 -l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
	# shellcheck disable=SC2086
	run -0 timeout 30 ml-runner -q -1 $3 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[ -z "$(rcpts new cur defer)" ]
	rcpts | sort | cmp - <(sed -e 's/^gone/F550 &/' -e 's/^user/D250 &/' "$BATS_TEST_TMPDIR/members" | sort)
	[ "$(grep -h '^! [1-9][0-9]* 550 5.1.1 ' "$SPOOL"/fail/* | wc -l)" -eq 200 ]
	[ -z "$(grep -rh '^! 0 ' "$SPOOL"/fail "$SPOOL/done")" ]
	wait_for -t 30 postfix_settled
	arrived | sed 's/.* //' | sort | cmp - <(grep user "$BATS_TEST_TMPDIR/members" | sort)
	if [ -n "$2" ]; then
		arrived | awk '{ sub(/@/, "=", $2) } $1 != "news+" $2 "@lists.example.org"' | cmp - /dev/null
	fi
}

@test "who is refused failed, and all others get it once, with every fifth refused" {
	dirty 'i % 5 == 0' '-V +='
}

@test "the same with forty refused in a row" {
	dirty 'i % 200 >= 160' '-V +='
}

@test "the same in windows" {
	dirty 'i % 5 == 0' '-V +=' '-w 8'
}

@test "the same with 100 recipients a message, be it the first or the last that are refused" {
	dirty 'i % 5 == 0' '' '-n 100'
	find "$SPOOL/fail" "$SPOOL/done" -type f -delete
	: >"$PF_LOG"
	dirty 'i % 200 < 40' '' '-n 100'
	find "$SPOOL/fail" "$SPOOL/done" -type f -delete
	: >"$PF_LOG"
	dirty 'i % 200 >= 160' '' '-n 100 -w 8'
}

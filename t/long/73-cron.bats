#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The lines of contrib/crontab, run as cron runs them: by sh -c, and one minute's while the last
# minute's still run.
load ../lib
load real

setup()
{
	CRONTAB=$BATS_TEST_DIRNAME/../../contrib/crontab
	mkspool
	addresses 400 >"$BATS_TEST_TMPDIR/members"
	# Where logger would send them is the host's.
	mkdir "$BATS_TEST_TMPDIR/stub"
	printf '#!/bin/sh\nexec cat >>"%s"\n' "$BATS_TEST_TMPDIR/syslog" >"$BATS_TEST_TMPDIR/stub/logger"
	chmod +x "$BATS_TEST_TMPDIR/stub/logger"
	PATH=$BATS_TEST_TMPDIR/stub:$PATH
}

# The commands, without the five fields of their time.
lines()
{
	grep -v -e '^#' -e '^$' -e '^[A-Z]*=' "$CRONTAB" | sed -e 's/^\([^ ]* *\)\{5\}//' \
		-e "s,/var/spool/ml/news,$SPOOL," -e "s/127.0.0.1 25/127.0.0.1 $PORT/"
}

minute()
{
	local line
	while IFS= read -r line; do
		start sh -c "$line"
		JOBS+=("$PID")
	done < <(lines)
}

post()
{
	letter | ml-explode -f news@lists.example.org -V += -n 20 -l "$BATS_TEST_TMPDIR/members" "$SPOOL"
}

# What a job prints, cron would mail.
assert_silent()
{
	local p
	for p in "${JOBS[@]}"; do
		wait "$p"
	done
	run cat "$BATS_TEST_TMPDIR"/out.* "$BATS_TEST_TMPDIR"/err.*
	[ -z "$output" ]
}

@test "each line of the crontab has five fields and a command that is installed" {
	PORT=1
	[ "$(lines | wc -l)" -eq 2 ]
	[ "$(grep -c '^\* \* \* \* \*  ml-' "$CRONTAB")" -eq 2 ]
	# A bare % would end the command there.
	run ! grep '^[^#].*%' "$CRONTAB"
}

@test "two minutes at once deliver a broadcast once, in silence" {
	sink -d 2
	post
	JOBS=()
	minute
	minute
	assert_silent
	assert_all 400 news
	[ "$(arrived | wc -l)" -eq 400 ]
	[ "$(grep -c '^connected ' "$BATS_TEST_TMPDIR/syslog")" -ge 1 ]
	run ! grep '^delivered ' "$BATS_TEST_TMPDIR/syslog"
	nothing_left
}

@test "while the MTA is down a minute changes nothing and mails nobody; a later one delivers" {
	PORT=$(free_port)
	post
	names >"$BATS_TEST_TMPDIR/before"
	JOBS=()
	minute
	minute
	assert_silent
	grep '^down .*refused' "$BATS_TEST_TMPDIR/syslog"
	names | diff "$BATS_TEST_TMPDIR/before" -
	sink
	JOBS=()
	minute
	assert_silent
	[ "$(arrived | wc -l)" -eq 400 ]
	assert_all 400 news
	nothing_left
}

@test "what a killed runner held is delivered within two minutes, at most one message twice" {
	sink -d 4
	post
	start ml-runner -q -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for has_arrived 50
	stop "$PID" KILL
	: >"$PID_ERR"
	[ -n "$(envelopes cur)" ]
	JOBS=()
	minute
	assert_silent
	JOBS=()
	minute
	assert_silent
	assert_all 400 news
	[ "$(twice)" -le 1 ]
	nothing_left
}

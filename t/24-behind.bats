#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ml-explode with so many envelopes that they are written beside the reading of the list.  Kills and
# refusals there: see long/43-faults.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || return
	letter >message
}

explode()
{
	ml-explode -f news@example.org -l list -m message "$@" "$SPOOL"
}

# The recipients of the broadcast, its envelopes taken in the order of their numbers.
in_order()
{
	local k
	for k in $(seq "$1"); do
		grep -ha '^T000 ' "$SPOOL"/new/*/*."$k"
	done
}

@test "fifteen hundred envelopes: each recipient once, in order, each envelope with its text and its count" {
	addresses 3000 >list
	run -0 --separate-stderr explode -n 2
	assert_stderr ''
	[ "$(envelopes | wc -l)" -eq 1500 ]
	in_order 1500 | cut -c 6- | cmp list -
	[ "$(envelopes | sed 's/.*\.//')" = "$(seq 1500)" ]
	[ "$(find "$SPOOL/mess" -type f -links 1500 | wc -l)" -eq 1500 ]
	[ "$(grep -hax 'rcpts 2' -r "$SPOOL/new" | wc -l)" -eq 1500 ]
	[ -z "$(ls -A "$SPOOL/tmp")" ]
}

@test "envelopes larger than a buffer stand in order among those that fit" {
	# 20 recipients an envelope: one of 300 octets each fits a buffer, of 4000 does not
	awk 'BEGIN {
		long = sprintf("%04000d", 0)
		for (i = 1; i <= 1200; i++)
			printf "user%d@example.com\tn=%s\n", i, int((i - 1) / 20) % 7 == 6 ? long : "x"
	}' >list
	run -0 explode -n 20
	in_order 60 | cut -c 6- | cmp list -
	[ "$(find "$SPOOL/mess" -type f | wc -l)" -eq 60 ]
	[ -z "$(ls -A "$SPOOL/tmp")" ]
}

@test "a late envelope that can't be written is told in one line, and nothing is left" {
	for more in 0 300; do
		{
			addresses 120
			awk 'BEGIN { printf "user@example.com\tn="; for (i = 0; i < 8000; i++) printf "x"; print "" }'
			addresses $more
		} >list
		run -71 --separate-stderr sh -c 'ulimit -f 8; exec ml-explode -f a@x.org -n 1 -l list -m message "$1"' - "$SPOOL"
		[[ "$stderr" =~ ^"ml-explode: tmp/"[0-9]{16}[^[:space:]]*.121": File too large"$ ]]
		[ -z "$output" ]
		[ -z "$(tree)" ]
	done
}

@test "a bad line behind many envelopes leaves nothing" {
	{ addresses 500; echo nobody; } >list
	run -65 --separate-stderr explode -n 1
	assert_stderr 'ml-explode: list:501: no @'
	[ -z "$(tree)" ]
}

@test "a key is taken once by a broadcast of many envelopes" {
	addresses 200 >list
	run -0 explode -n 1 -k K
	name=$output
	run -0 explode -n 1 -k K
	[ "$output" = "$name" ]
	[ "$(envelopes | wc -l)" -eq 200 ]
	[ "$(find "$SPOOL/mess" -type f | wc -l)" -eq 200 ]
}

@test "where no thread can be had, all is written in turn" {
	addresses 200 >list
	chmod 777 .
	run -0 as_nobody ml-mkspool mine
	run -0 as_nobody sh -c 'ulimit -u 1; exec ml-explode -f a@x.org -n 1 -l list -m message mine'
	[ "$(find mine/new -type f | wc -l)" -eq 200 ]
	[ "$(find mine/mess -type f | wc -l)" -eq 200 ]
}

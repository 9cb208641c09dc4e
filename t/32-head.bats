#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Nothing can stand at the head of the queue: one bad envelope under the smallest name, and a
# thousand others behind it, which are all delivered without a retry and by this one runner.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

OTHERS=1000

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	explode "$OTHERS" -n 1
	sink
}

# poison [-s SENDER] [RCPT…]: an envelope in front of all others, its text says POISON
poison()
{
	local sender=news@example.org
	if [ "$1" = -s ]; then
		sender=$2
		shift 2
	fi
	NAME=$(letter POISON | ml-enqueue -f "$sender" "$SPOOL" "$@")
	UNIQUE=${NAME#*.}
	mv "$SPOOL/new/$NAME" "$SPOOL/new/0000000000000001.$UNIQUE"
}

# All others are delivered, once; the bad one waits, its recipients all in STATE.
others_pass()
{
	start_runner -q
	wait_for -t 20 has_delivered "$((OTHERS + ${2:-0}))"
	wait_for poison_waits
	wait_for nothing_ready
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(delivered)" -eq "$((OTHERS + ${2:-0}))" ]
	[ -z "$(twice)" ]
	[ "$(ls "$SPOOL/defer")" = "$(basename "$SPOOL"/defer/*".$UNIQUE")" ]
	[ "$(rcpts defer | grep -v ^D | cut -c 1-4 | sort -u)" = "$1" ]
}

poison_waits()
{
	[ -n "$(find "$SPOOL/defer" -name "*.$UNIQUE")" ]
}

nothing_ready()
{
	[ -z "$(envelopes new cur)" ]
}

@test "a sender or a text that is refused temporarily does not hold up the others" {
	rule 'mail bad@* 451 4.1.8 who is that' 'text POISON 452 4.3.1 too big for today'
	poison -s bad@example.net ann@example.net bob@example.net
	first=$UNIQUE
	poison ann@example.net bob@example.net
	start_runner -q
	wait_for -t 20 has_delivered "$OTHERS"
	wait_for nothing_ready
	stop "$PID"
	[ "$(delivered)" -eq "$OTHERS" ]
	[ "$(grep ^T "$SPOOL"/defer/*."$first" | cut -c 1-4 | uniq)" = T451 ]
	[ "$(grep ^T "$SPOOL"/defer/*."$UNIQUE" | cut -c 1-4 | uniq)" = T452 ]
	[ "$(event connect)" -eq 1 ]
}

@test "a text that makes the MTA drop the connection does not hold up the others" {
	rule 'text POISON drop'
	poison ann@example.net bob@example.net
	others_pass T421
	[ "$(event drop)" -eq 2 ]
}

@test "a text that makes the MTA crash and stay away for two seconds does not hold up the others" {
	rule 'text POISON crash 2'
	poison ann@example.net bob@example.net
	others_pass T421
	[ "$(event crash)" -eq 2 ]
}

@test "a full mailbox among 500 does not hold up the 499, nor the others" {
	rule 'rcpt full@* 452 4.2.2 mailbox full'
	# shellcheck disable=SC2046
	poison full@example.net $(addresses 499 | sed s/@.*/@example.net/)
	others_pass T452 499
	[ "$(commands 'RCPT TO:<full@' | wc -l)" -eq 1 ]
}

@test "500 recipients of a refused text cost ten transactions and a pause" {
	rule 'text POISON 451 4.7.0 looks odd'
	# shellcheck disable=SC2046
	poison $(addresses 500 | sed s/@.*/@example.net/)
	start_runner -q -n 5
	wait_for -t 20 has_delivered "$OTHERS"
	wait_for poison_waits
	stop "$PID"
	[ "$(rcpts defer | cut -c 1-4 | sort | uniq -c | tr -s ' \n' ' ')" = " 450 T000 50 T451 " ]
	[ "$(commands 'RCPT TO:<user[0-9]*@example.net>' | wc -l)" -eq 50 ]
}

@test "who was never tried goes before who was refused" {
	rm -rf "$SPOOL"
	mkspool
	rule 'rcpt ann@* times 1 450 4.2.0 wait'
	poison ann@example.net bob@example.net eve@example.net
	sed -i 's/^T000 ann/T450 ann/' "$SPOOL"/new/0*
	runner -1q -n 1
	[ "$(commands ^RCPT)" = "$(printf 'RCPT TO:<%s@example.net>\n' bob eve ann)" ]
}

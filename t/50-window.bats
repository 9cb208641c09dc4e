#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# -w: whole transactions in flight (CHUNKING); XVERP and DSN, which change what a transaction is.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# "SENDER RECIPIENT" of all that was accepted, sorted.
pairs()
{
	grep -v '^#' "$LOG" | cut -f 3,4 | tr '\t' ' ' | sort
}

# What that must be for user1 to userN of a broadcast with -V +=.
own_paths()
{
	addresses "$1" | sed 's/\(.*\)@\(.*\)/news+\1=\2@example.org &/' | sort
}

# How many different texts, by length and sum, were accepted.
texts()
{
	grep -v '^#' "$LOG" | cut -f 5,6 | sort -u | wc -l
}

# The recipients of all envelopes in DIR, by their state.
states()
{
	rcpts "$@" | sort
}

@test "a window delivers to everyone once, each with a return path of one's own and the same octets" {
	sink -C
	explode 1200 -V += -n 100
	runner -1q -w 8
	assert_lines_of own_paths 1200
	[ "$(texts)" -eq 1 ]
	[ "$(commands '^BDAT [0-9]* LAST$' | wc -l)" -eq 1200 ]
	[ "$(commands '^DATA$' | wc -l)" -eq 0 ]
	clean 1200
}

assert_lines_of()
{
	output=$(pairs)
	assert_lines "$("$@")"
}

@test "without CHUNKING -w changes nothing, and without PIPELINING there is one command at a time" {
	sink
	explode 20 -V +=
	runner -1q -w 8
	[ "$(commands '^DATA$' | wc -l)" -eq 20 ]
	[ "$(commands '^BDAT' | wc -l)" -eq 0 ]
	stop "$SINK_PID"
	rm -f "$LOG"
	sink -C -P
	explode 20 -V +=
	runner -1q -w 8
	[ "$(commands '^DATA$' | wc -l)" -eq 20 ]
	[ "$(event early)" -eq 0 ]
	assert_lines_of own_paths 20
}

@test "a text goes out with BDAT as with DATA, whatever its dots, its end and its size" {
	local text sums
	printf '.\r\n..\r\n.a\r\n' >dots
	printf 'Subject: x\r\n\r\nno end' >open
	printf 'Subject: one\r' >cr
	: >empty
	{ letter; head -c 3000000 /dev/zero | tr '\0' a | fold -w 66 | sed 's/^/./'; } >large
	for text in dots open cr empty large; do
		for window in 1 8; do
			sink -C
			NAME=$(ml-enqueue -f news@example.org "$SPOOL" ann@example.com bob@example.com <large)
			# what a stranger stored as it was
			[ "$text" = large ] || cat "$text" >"$SPOOL/mess/${NAME#*.}"
			runner -1q -w "$window" -n 1
			grep -v '^#' "$LOG" | cut -f 4,5,6 | sort >"sums.$window"
			[ "$(wc -l <"sums.$window")" -eq 2 ]
			stop "$SINK_PID"
			rm -f "$LOG"
		done
		# DATA can't say that there is nothing: its least text is one empty line
		[ "$text" = empty ] || cmp sums.1 sums.8
	done
}

@test "refusals in the middle of a window befall those who got them, and nobody goes under another's return path" {
	sink -C
	rule 'mail news+user3=* 550 5.7.1 not you' 'rcpt user5@* 550 5.1.1 no such user' \
		'rcpt user6@* 450 4.2.2 full' 'data news+user8=* 554 5.6.0 not this' \
		'mail news+user11=* 451 4.3.0 later' 'data news+user14=* 452 4.3.1 no room'
	explode 20 -V +=
	runner -1q -w 8
	run states
	assert_lines "$(addresses 20 | sed -e 's/^/D250 /' -e 's/^D250 \(user3@\)/F550 \1/' \
		-e 's/^D250 \(user5@\)/F550 \1/' -e 's/^D250 \(user6@\)/T450 \1/' \
		-e 's/^D250 \(user8@\)/F554 \1/' -e 's/^D250 \(user11@\)/T451 \1/' \
		-e 's/^D250 \(user14@\)/T452 \1/' | sort)"
	run notes
	assert_lines "$(printf '%s\n' '! 0 550 5.7.1 not you' '! 0 554 5.6.0 not this' \
		'! 5 550 5.1.1 no such user' '! 6 450 4.2.2 full')"
	output=$(pairs)
	assert_lines "$(own_paths 20 | grep -vE ' user(3|5|6|8|11|14)@')"
}

notes()
{
	local f
	envelopes | while IFS= read -r f; do grep -a '^! ' "$f"; done | sort
}

@test "what gets 503 behind a refused transaction is void, and sent once more when the window is empty" {
	sink -C -d 20
	rule 'rcpt user2@* 550 5.1.1 no such user' 'rcpt user3@* times 1 503 5.5.1 MAIL first' \
		'mail news+user4=* times 1 503 5.5.1 nested MAIL' 'data news+user5=* times 1 503 5.5.1 RCPT first'
	explode 9 -V +=
	runner -1q -w 8
	run states
	assert_lines "$(addresses 9 | sed -e 's/^/D250 /' -e 's/^D250 \(user2@\)/F550 \1/' | sort)"
	output=$(pairs)
	assert_lines "$(own_paths 9 | grep -v ' user2@')"
}

@test "503 with nothing refused before it is no verdict, and puts its recipient off" {
	sink -C
	rule 'rcpt user3@* 503 5.5.1 MAIL first'
	explode 5 -V +=
	runner -1q -w 8
	run states
	assert_lines "$(addresses 5 | sed -e 's/^/D250 /' -e 's/^D250 \(user3@\)/T503 \1/' | sort)"
}

@test "a connection that is lost over a window costs no more copies than the window is wide" {
	local copies
	sink -C -d 30
	rule 'text * after 60 times 1 dropbefore'
	explode 200 -V +=
	runner -1q -w 8 2>err
	[ "$(grep -c '^disconnected' err)" -eq 1 ]
	run states
	assert_lines "$(addresses 200 | sed 's/^/D250 /' | sort)"
	copies=$(twice | wc -l)
	[ "$copies" -le 8 ]
	[ "$(pairs | sort -u)" = "$(own_paths 200)" ]
}

@test "421 in the middle of a window leaves the oldest unanswered T421, and goes on with a fresh session" {
	sink -C -d 20
	rule 'rcpt user7@* times 1 421 4.3.2 closing'
	explode 30 -V +=
	runner -1 -w 8 2>err
	run states
	assert_lines "$(addresses 30 | sed 's/^/D250 /' | sort)"
	grep -q '^disconnected error="4.3.2 closing"' err
}

@test "TERM lets a window come to its end, and what was not sent is untouched" {
	sink -C -d 50
	explode 5000 -V +=
	start_runner -q -w 8
	wait_for has_delivered 20
	stop "$PID"
	[ "$status" -eq 0 ]
	clean 5000
	[ "$(rcpts | grep -c '^D250')" -eq "$(delivered)" ]
	[ -z "$(twice)" ]
}

@test "an MTA that puts everything off sees no more than a window of it" {
	sink -C
	rule 'rcpt * 450 4.3.2 busy'
	explode 300 -V +=
	run -75 runner -1q -w 32
	[ "$(rcpts | grep -c '^T450')" -ge 10 ]
	[ "$(rcpts | grep -c '^T450')" -le 32 ]
	[ "$(rcpts | grep -c '^T000')" -ge 268 ]
}

@test "-w is a number from 1 to 1000" {
	for w in 0 1001 x ''; do
		run -64 --separate-stderr ml-runner -w "$w" "$SPOOL" smtp 127.0.0.1 25
		assert_stderr "ml-runner: -w: $w: not a number from 1 to 1000"
	done
}

@test "where XVERP is offered the server makes the return paths, N recipients a transaction" {
	sink -E XVERP
	explode 250 -V +=
	runner -1q
	[ "$(commands '^MAIL FROM:<news@example.org>.* XVERP=+=$' | wc -l)" -eq 3 ]
	[ "$(commands '^MAIL ' | wc -l)" -eq 3 ]
	[ "$(delivered)" -eq 250 ]
	clean 250
}

@test "who can't have a return path of one's own shares no transaction in which the server makes them" {
	sink -E XVERP
	printf '%s\n' ann@example.com '"b b"@example.com' bob@example.com eve@example.com >list
	ml-explode -f news@example.org -V -= -l list -m <(letter) "$SPOOL"
	runner -1q
	[ "$(commands '^MAIL FROM:<news@example.org>.* XVERP=-=$' | wc -l)" -eq 2 ]
	[ "$(commands '^MAIL ' | wc -l)" -eq 3 ]
	run states
	assert_lines "$(printf '%s\n' 'D250 "b b"@example.com' 'D250 ann@example.com' \
		'D250 bob@example.com' 'D250 eve@example.com')"
}

@test "a refusal of MAIL with XVERP is tried once without, which is remembered for the session" {
	local options
	for options in '' '-C' '-P'; do
		# shellcheck disable=SC2086
		sink -E XVERP $options
		rule 'mail news@example.org 555 5.5.4 no XVERP for you'
		explode 150 -V += -n 75
		runner -1q -w 4
		[ "$(commands '^MAIL .* XVERP=+=$' | wc -l)" -le 2 ]
		assert_lines_of own_paths 150
		[ -z "$(envelopes new cur defer fail)" ]
		find "$SPOOL/done" -type f -delete
		stop "$SINK_PID"
		rm -f "$LOG"
	done
}

@test "where DSN is offered it is asked for failures to the subscriber, but not with VERP" {
	sink -E DSN
	ml-enqueue -f news@example.org "$SPOOL" a+b=c@example.com <<<"$(letter)"
	runner -1q
	run commands '^RCPT '
	assert_lines 'RCPT TO:<a+b=c@example.com> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb+3Dc@example.com'
	explode 3 -V +=
	runner -1q
	[ "$(commands '^RCPT ' | grep -c NOTIFY)" -eq 1 ]
	[ "$(delivered)" -eq 4 ]
}

@test "with DSN an address beyond ASCII is named as RFC 6533 has it, one too long not at all, a null sender asks nothing" {
	local long
	long=$(printf '%0180d' 0 | tr 0 +)@example.com
	sink -E DSN
	printf '%s\n' 'jörg\x@example.com' "$long" >list
	letter | ml-enqueue -f news@example.org -r list "$SPOOL"
	letter | ml-enqueue -f '' "$SPOOL" ann@example.com
	runner -1q
	output=$(commands '^RCPT ' | sort)
	assert_lines "$(printf '%s\n' "RCPT TO:<$long> NOTIFY=FAILURE" \
		'RCPT TO:<jörg\x@example.com> NOTIFY=FAILURE ORCPT=utf-8;j\x{F6}rg\x{5C}x@example.com' \
		'RCPT TO:<ann@example.com>' | sort)"
}

@test "one address beyond ASCII among 500 goes alone, or fails alone where SMTPUTF8 is not offered" {
	{ addresses 250; echo 'jörg@example.com'; addresses 500 | tail -n 249; } >list
	for options in -v -U; do
		sink "$options"
		ml-explode -f news@example.org -l list -m <(letter) "$SPOOL"
		runner -1q
				if [ "$options" = -U ]; then
			[ "$(delivered)" -eq 499 ]
			[ "$(rcpts | grep -vc '^D250')" -eq 1 ]
			rcpts | grep -qx 'F553 jörg@example.com'
			[ "$(commands '^MAIL' | wc -l)" -le 6 ]
		else
			[ "$(delivered)" -eq 500 ]
			[ "$(rcpts | grep -vc '^D250')" -eq 0 ]
			[ "$(commands '^MAIL .* SMTPUTF8$' | wc -l)" -eq 1 ]
		fi
		find "$SPOOL/done" "$SPOOL/fail" -type f -delete
		stop "$SINK_PID"
		rm -f "$LOG"
	done
}

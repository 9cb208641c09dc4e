#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# LMTP: after the text each recipient that was accepted has a reply of his own.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

lmtp()
{
	timeout 20 ml-runner "$@" "$SPOOL" lmtp 127.0.0.1 "$PORT"
}

# Runs "$@" against a receiver with and one without PIPELINING.
both()
{
	local how
	for how in '' -P; do
		mkspool "$BATS_TEST_TMPDIR/spool$how"
		# shellcheck disable=SC2086
		sink $how
		echo "with sink $how"
		"$@"
		[ "$(event early)" -eq 0 ]
		[ "$(event noquit)" -eq 0 ]
		stop "$SINK_PID"
		rm -f "$LOG" "$RULES"
	done
}

own_verdict()
{
	rule 'rcpt c@* 550 5.1.1 no such user' 'lmtp b@* 452 4.2.2 mailbox full' 'lmtp d@* 552 5.2.2 too much'
	post {a,b,c,d,e}@example.org
	run -0 --separate-stderr lmtp -1
	[ "$(accepted | tr '\n' ' ')" = 'a@example.org e@example.org ' ]
	[ "$(rcpts defer | tr '\n' ' ')" = \
		'D250 a@example.org T452 b@example.org F550 c@example.org F552 d@example.org D250 e@example.org ' ]
	run sh -c 'grep "^!" "$1"/defer/*' sh "$SPOOL"
	assert_lines "$(printf '%s\n' '! 3 550 5.1.1 no such user' '! 4 552 5.2.2 too much' \
		'! 2 452 4.2.2 mailbox full')"
	[ "$(commands LHLO | wc -l)" -eq 1 ]
	[ "$(commands 'EHLO\|HELO ' | wc -l)" -eq 0 ]
	[ "$(commands QUIT | wc -l)" -eq 1 ]
}

@test "each accepted recipient's reply to the text is his own verdict" {
	both own_verdict
}

many()
{
	rule 'rcpt user*3@* 550 no' 'lmtp user*7@* 450 later' 'lmtp user*9@* 554 never'
	explode 1000 -n 250
	run -0 --separate-stderr lmtp -1q -n 40 -t 20
	[ "$(rcpts | grep -c '^F550 user[0-9]*3@')" -eq 100 ]
	[ "$(rcpts | grep -c '^T450 user[0-9]*7@')" -eq 100 ]
	[ "$(rcpts | grep -c '^F554 user[0-9]*9@')" -eq 100 ]
	[ "$(rcpts | grep -c '^D250 user[0-9]*[124568,0]@')" -eq 700 ]
	[ "$(delivered)" -eq 700 ]
	[ -z "$(twice)" ]
	[ -z "$(rcpts new cur)" ]
}

@test "nobody's reply is put on somebody else, over many transactions and sessions" {
	both many
}

nobody()
{
	rule 'rcpt * 550 5.1.1 no such user'
	post a@example.org b@example.org
	rule 'rcpt [ab]@* 550 5.1.1 no such user'
	post c@example.org
	run -0 --separate-stderr lmtp -1q
	[ "$(rcpts fail | tr '\n' ' ')" = 'F550 a@example.org F550 b@example.org ' ]
	[ "$(accepted)" = c@example.org ]
	run ! grep -q ' 503 ' "$SPOOL"/fail/*
}

@test "a DATA refused since nobody was accepted says nothing about anybody" {
	both nobody
}

@test "replies of the dialogue are no verdict there either; 421 loses only those not yet answered" {
	sink
	rule 'lmtp b@* 503 5.5.1 what?' 'lmtp c@* times 2 dropafter 421 4.3.2 good-bye'
	post {a,b,c,d}@example.org
	run -0 --separate-stderr lmtp -1q
	[ "$(rcpts defer | tr '\n' ' ')" = \
		'D250 a@example.org T503 b@example.org T421 c@example.org T421 d@example.org ' ] ||
		{ rcpts; cat "$LOG"; return 1; }
	grep -q '^! 0 421 4.3.2 good-bye' "$SPOOL"/defer/*
	[ "$(accepted | sort | uniq -c | awk '{ print $1 $2 }' | head -n 1)" = 1a@example.org ]
}

@test "a server that refuses LHLO is down: it is not tried with HELO" {
	sink
	rule 'ehlo * 502 5.5.1 SMTP only'
	post
	run -75 --separate-stderr lmtp -1
	[[ $stderr == *'down to=127.0.0.1:'*'error="502 5.5.1 SMTP only"'* ]]
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
	[ "$(commands HELO | wc -l)" -eq 0 ]
}

@test "each recipient's reply counts where none of them may have so long a text" {
	{ letter; head -c 20000000 /dev/zero | tr '\0' x | fold -w 80; echo; } |
		ml-enqueue -f news@example.org "$SPOOL" a@example.org b@example.org
	sink -S -x 1000000
	run -0 --separate-stderr lmtp -1q
	[ "$(rcpts fail | tr '\n' ' ')" = 'F552 a@example.org F552 b@example.org ' ] || { rcpts; return 1; }
}

@test "it goes over a local socket too, and never to port 25" {
	SINK=${SINK:-$BIN/../t/sink}
	start "$SINK" -T 60 -l log -p port "$BATS_TEST_TMPDIR/socket"
	wait_for test -e port
	post
	run -0 --separate-stderr ml-runner -1q "$SPOOL" lmtp ./socket
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
	local port
	for port in 25 025 00025 smtp; do
		run -64 --separate-stderr ml-runner -1 "$SPOOL" lmtp 127.0.0.1 "$port"
		assert_stderr "ml-runner: $port: LMTP must not be spoken on the port of SMTP"
	done
}

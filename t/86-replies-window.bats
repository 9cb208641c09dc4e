#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Windows (-w with CHUNKING): each reply is its own transaction's, also where the window breaks.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# sent WHO…: these transactions are on their way; no reply was needed for that
sent()
{
	local who before=
	for who; do
		echo "$before"
		echo "expect MAIL FROM:<news+$who=example.com@example.org>\$
			expect RCPT TO:<$who@example.com>\$
			bdat last"
		before='expect RSET$'
	done
}

# answers MAIL RCPT TEXT: the replies to one of them; more: to one with a RSET before it
answers()
{
	printf 'say %s\n' "$@"
}

more()
{
	answers '250 2.0.0 reset' "$@"
}

GOOD=('250 2.1.0 ok' '250 2.1.5 ok' '250 2.0.0 taken')

# windows WHO…: the script on stdin, with -w 8 and an envelope to these, each with a return
# path of his own
windows()
{
	dialogue
	find "$SPOOL" -type f -delete
	printf '%s@example.com\n' "$@" | ml-explode -f news@example.org -V += -m <(letter) "$SPOOL" >/dev/null
	again -w 8
}

@test "4xx and 5xx to MAIL, RCPT and BDAT in the middle of a window" {
	{
		hello CHUNKING
		sent a b c d e f g h
		answers "${GOOD[@]}"
		more '550 5.7.1 not b' '503 5.5.1 no' '503 5.5.1 no'
		more '451 4.3.0 not c' '554 5.5.1 no' '550 5.5.1 no'
		more '250 ok' '550 5.1.1 no d' '554 5.5.1 nobody'
		more '250 ok' '450 4.2.0 no e' '503 5.5.1 nobody'
		more '250 ok' '250 ok' '554 5.6.0 not f'
		more '250 ok' '250 ok' '452 4.3.1 not g'
		more "${GOOD[@]}"
		bye
	} | windows a b c d e f g h
	left defer 'D250 a' 'F550 b' 'T451 c' 'F550 d' 'T450 e' 'F554 f' 'T452 g' 'D250 h' \
		'! 0 550 5.7.1 not b' '! 4 550 5.1.1 no d' '! 0 554 5.6.0 not f' '! 0 451 4.3.0 not c'
}

@test "a text that is taken for nobody is nobody's" {
	{
		hello CHUNKING
		sent a b c
		answers '250 ok' '550 5.1.1 no a' '250 2.0.0 thanks'
		more '451 4.3.0 not b' '250 2.1.5 ok' '250 2.0.0 thanks'
		more "${GOOD[@]}"
		bye
	} | windows a b c
	left defer 'F550 a' 'T451 b' 'D250 c' '! 1 550 5.1.1 no a' '! 0 451 4.3.0 not b'
}

@test "503 behind a refused one: the rest is void, read to its end, and sent again behind RSET" {
	{
		hello CHUNKING
		sent a b c d e
		answers "${GOOD[@]}"
		more '250 ok' '550 5.1.1 no b' '503 5.5.1 nobody'
		more '503 5.5.1 nested' '503 5.5.1 no' '503 5.5.1 no'
		more '250 ok' '503 5.5.1 no' '503 5.5.1 no'
		more '250 ok' '250 ok' '503 5.5.1 no'
		rset
		sent c
		answers "${GOOD[@]}"
		rset
		sent d
		answers "${GOOD[@]}"
		sent e
		answers '250 ok' '550 5.1.1 no e' '554 nobody'
		bye
	} | windows a b c d e
	left fail 'D250 a' 'F550 b' 'D250 c' 'D250 d' 'F550 e' '! 2 550 5.1.1 no b' '! 5 550 5.1.1 no e'
}

@test "so it is where the RSET gets 503 as well" {
	{
		hello CHUNKING
		sent a b c
		answers '451 4.3.0 not a' '503 no' '503 no'
		answers '503 no' '503 no' '503 no' '503 no'
		answers '503 no' '503 no' '503 no' '503 no'
		rset
		sent b
		answers "${GOOD[@]}"
		sent c
		answers "${GOOD[@]}"
		bye
	} | windows a b c
	left defer 'T451 a' 'D250 b' 'D250 c' '! 0 451 4.3.0 not a'
}

@test "what is void twice is put off, and nobody has failed for it" {
	{
		hello CHUNKING
		sent a b c
		answers '550 5.7.1 not a' '503 no' '503 no'
		more '503 no' '503 no' '503 no'
		more '503 no' '503 no' '503 no'
		rset
		sent b
		answers '503 no' '503 no' '503 no'
		rset
		sent c
		answers "${GOOD[@]}"
		bye
	} | windows a b c
	left defer 'F550 a' 'T503 b' 'D250 c' '! 0 550 5.7.1 not a' '! 0 451 answered: 503 no'
}

# Broken at c, after some of its replies; no fresh session can be had.
broken()
{
	{
		hello CHUNKING
		sent a b c d e
		answers "${GOOD[@]}"
		more '250 ok' '550 5.1.1 no b' '554 nobody'
		answers "${@:3}"
		echo "$1
			close
			accept
			say 450 4.7.0 enough
			expect QUIT"
	} | sed '/^say $/d' | windows a b c d e
	[ "$CODE" -eq 75 ] || return
	left new 'D250 a' 'F550 b' 'T421 c' 'T000 d' 'T000 e' '! 2 550 5.1.1 no b' "! 0 lost 421 $2"
}

@test "421 or the end in the middle of a window: the oldest without an answer is T421, what is behind it untouched" {
	for pair in 'say 421 4.3.2 bye|4.3.2 bye' '|connection closed by the server'; do
		IFS='|' read -r how why <<<"$pair"
		broken "$how" "$why" ''
		broken "$how" "$why" '250 reset'
		broken "$how" "$why" '250 reset' '250 ok'
		broken "$how" "$why" '250 reset' '250 ok' '250 ok'
	done
}

@test "who was put off before the window broke is not blamed for it" {
	{
		hello CHUNKING
		sent a b c
		answers "${GOOD[@]}"
		more '250 ok' '450 4.2.0 no b'
		echo 'reset
			accept
			say 450 4.7.0 enough
			expect QUIT'
	} | windows a b c
	left new 'D250 a' 'T450 b' 'T000 c'
}

@test "after the loss its envelope goes one transaction at a time, the blamed one last" {
	{
		hello CHUNKING
		sent a b c d
		answers "${GOOD[@]}"
		echo close
		hello CHUNKING
		sent c
		answers "${GOOD[@]}"
		sent d
		answers "${GOOD[@]}"
		sent b
		answers '250 ok' '250 ok' '554 5.6.0 not b'
		bye
	} | windows a b c d
	left fail 'D250 a' 'F554 b' 'D250 c' 'D250 d' '! 0 554 5.6.0 not b'
}

withdrawn()
{
	{
		HOW=groups hello CHUNKING
		sent a b c
		answers "${GOOD[@]}"
		echo 'say 421 4.3.2 bye
			close'
		hello SIZE
		for who in c b; do
			echo "expect MAIL FROM:<news+$who=example.com@example.org> SIZE=
				say 250 ok
				expect RCPT TO:<$who@example.com>\$
				say 250 ok"
			data
			taken
		done
		bye
	} | windows a b c
	left 'done' 'D250 a' 'D250 b' 'D250 c'
}

@test "a server that withdraws CHUNKING on the next session gets DATA" {
	both_ways withdrawn
}

@test "530 in the middle of a window: what was taken is marked, the rest untouched, the MTA down" {
	{
		hello CHUNKING
		sent a b c d
		answers "${GOOD[@]}"
		more '250 ok' '550 5.1.1 no b' '554 nobody'
		more '530 5.7.0 must authenticate' '503 no' '503 no'
		more '530 5.7.0 must authenticate' '503 no' '503 no'
		echo close
	} | windows a b c d
	[ "$CODE" -eq 75 ]
	left new 'D250 a' 'F550 b' 'T000 c' 'T000 d' '! 2 550 5.1.1 no b'
}

# wanted_not CODE WHERE: b's MAIL, RCPT or text gets it, which d behind hears as well
wanted_not()
{
	local no="$1 5.7.0 must authenticate" b
	case $2 in
	mail) b=("$no" '503 no' '503 no') ;;
	rcpt) b=('250 ok' "$no" '503 nobody') ;;
	text) b=('250 ok' '250 ok' "$no") ;;
	esac
	{
		hello CHUNKING
		sent a b c d e f
		answers '250 ok' '450 4.2.0 no a' '554 nobody'
		more "${b[@]}"
		more "${GOOD[@]}"
		more '250 ok' '530 5.7.0 not d' '503 nobody'
		more '250 ok' '550 5.1.1 no e' '554 nobody'
		more "${GOOD[@]}"
		echo gone
	} | windows a b c d e f
	[ "$CODE" -eq 75 ] || return
	grep -q "^down .*error=\"$no\"\$" err || return
	left new 'T450 a' 'T000 b' 'D250 c' 'T000 d' 'F550 e' 'D250 f' '! 5 550 5.1.1 no e' ||
		{ echo "at $2"; return 1; }
}

@test "behind a 530, 534, 535 or 538 in a window each reply still counts; who got it is as he was" {
	wanted_not 530 mail
	wanted_not 534 rcpt
	wanted_not 535 text
	wanted_not 538 rcpt
}

@test "likewise where the connection ends before all replies are in" {
	{
		hello CHUNKING
		sent a b c d
		answers '250 ok' '530 5.7.0 must authenticate' '503 nobody'
		more "${GOOD[@]}"
		more '250 ok'
		echo close
	} | windows a b c d
	[ "$CODE" -eq 75 ]
	grep -q '^down .*error="530 5.7.0 must authenticate"$' err
	left new 'T000 a' 'D250 b' 'T000 c' 'T000 d'
}

@test "530 while a long text is on its way: it is not sent to its end, whose reply is not waited for" {
	{
		echo 'window 8192'
		hello CHUNKING
		echo 'expect MAIL
			expect RCPT
			stalled 50
			say 250 2.1.0 ok
			say 530 5.7.0 must authenticate
			delay 10000'
	} | dialogue
	find "$SPOOL" -type f -delete
	echo ann@example.com | ml-explode -f news@example.org -V += \
		-m <(letter; yes 'and so on, and so on, and so on' | head -n 200000) "$SPOOL" >/dev/null
	run -75 --separate-stderr timeout 9 ml-runner -1q -w 8 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[[ $stderr == *$'\ndown '*'error="530 5.7.0 must authenticate"' ]]
	output=$(state | sed 's/@example\.com//')
	left new 'T000 ann'
}

@test "replies that are out of step in a window end the session, and are nobody's" {
	{
		hello CHUNKING
		sent a b c
		answers "${GOOD[@]}"
		more '250 ok' '354 go on'
		echo 'close
			accept
			say 450 4.7.0 enough
			expect QUIT'
	} | windows a b c
	left new 'D250 a' 'T421 b' 'T000 c' "! 0 lost 421 the server's replies are out of step"
}

@test "no more than -w transactions are on their way, whatever is left to do" {
	{
		hello CHUNKING
		sent a b
		echo 'delay 50
			lockstep on
			say 250 2.1.0 ok
			lockstep off'
		answers "${GOOD[@]:1}"
		echo 'expect RSET$'
		sent c
		more "${GOOD[@]}"
		more "${GOOD[@]}"
		bye
	} | dialogue
	printf '%s@example.com\n' a b c | ml-explode -f news@example.org -V += -m <(letter) "$SPOOL" >/dev/null
	again -w 2
	left 'done' 'D250 a' 'D250 b' 'D250 c'
}

@test "a window that was full is filled again once a quarter of it is answered, not one by one" {
	{
		hello CHUNKING
		sent a b c d e f g h
		answers "${GOOD[@]}"
		echo 'delay 50
			lockstep on
			say 250 2.0.0 reset
			lockstep off'
		answers "${GOOD[@]}"
		echo 'expect RSET$'
		sent i j
		for who in c d e f g h i j; do more "${GOOD[@]}"; done
		bye
	} | windows a b c d e f g h i j
	left 'done' 'D250 a' 'D250 b' 'D250 c' 'D250 d' 'D250 e' 'D250 f' 'D250 g' 'D250 h' 'D250 i' 'D250 j'
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# 421, and a connection that ends, at every point of the dialogue: who had no answer is tried again.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

POINTS='mail ann bob eve data text dot'

# A good session for all three.
good()
{
	hello
	mail
	everyone
	data
	taken
	bye
}

before_work()
{
	local point
	for point in greeting ehlo helo; do
		{ upto "$point"; echo "$1"; } | play
		[ "$CODE" -eq 75 ] || return
		left new 'T000 ann' 'T000 bob' 'T000 eve' || return
		grep -q "^down .*error=\"$2" err || return
	done
}

@test "421 or the end of the connection before any work leaves the envelope as it was" {
	before_work $'say 421 4.3.2 not now\nclose' '421 4.3.2 not now"'
	before_work close 'connection closed by the server"'
	before_work reset ''
}

goodbye_twice()
{
	local point
	for point in $POINTS; do
		# it need not close: whoever was told so hangs up
		{ upto "$point"; echo 'say 421-4.3.2 shutting\r\n421 down
			close'; upto "$point"; echo 'say 421-4.3.2 shutting\r\n421 down'; } | play
		[ "$CODE" -eq 0 ] || return
		left defer 'T421 ann' 'T421 bob' 'T421 eve' '! 0 421 4.3.2 shutting down' ||
			{ echo "at $point"; return 1; }
	done
}

@test "421 at any point: tried once more on a fresh session, then deferred with what it said" {
	both_ways goodbye_twice
}

closed_once()
{
	local point
	for point in $POINTS; do
		{ upto "$point"; echo close; good; } | play
		[ "$CODE" -eq 0 ] || return
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || { echo "at $point"; return 1; }
	done
}

@test "a connection that is closed at any point is not missed: all are delivered on the next" {
	both_ways closed_once
}

@test "a connection that is closed or reset twice: deferred, with the reason" {
	for point in mail bob data dot; do
		{ upto "$point"; echo close; upto "$point"; echo close; } | play
		left defer 'T421 ann' 'T421 bob' 'T421 eve' '! 0 421 connection closed by the server'
		{ upto "$point"; echo reset; upto "$point"; echo reset; } | play
		left defer 'T421 ann' 'T421 bob' 'T421 eve' '! 0 421 Connection reset by peer'
	done
}

@test "where no fresh session can be had, the envelope goes back in line, noted, and -1 says so" {
	for second in $'accept\nsay 421 4.3.2 no\nexpect QUIT' $'accept\nclose' $'accept\nsay 554 5.3.2 no\nexpect QUIT'; do
		{ upto data; printf '%s\n' close "$second"; } | play
		[ "$CODE" -eq 75 ]
		left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 connection closed by the server'
	done
}

@test "a loss is tried once more in each attempt, whatever the last one was deferred for" {
	{ upto data; echo close; upto data; echo close; } | play
	left defer 'T421 ann' 'T421 bob' 'T421 eve' '! 0 421 connection closed by the server'
	ml-requeue -a "$SPOOL"
	{ upto data; echo close; good; } | dialogue
	again
	[ "$CODE" -eq 0 ]
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve' '! 0 421 connection closed by the server'
}

@test "an envelope that went back for want of a fresh session goes alone at its next claim" {
	{ upto data; printf '%s\n' close accept close; } | play
	left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 connection closed by the server'
	letter | ml-enqueue -f news@example.org "$SPOOL" joe@example.com
	mv "$SPOOL"/new/*."${NAME#*.}" "$SPOOL/new/0000000000000001.${NAME#*.}"
	{
		upto data
		# joe's does not come behind
		echo close
		hello
		mail
		echo 'expect RCPT TO:<joe@
			say 250 ok'
		data
		taken
		bye
	} | dialogue
	again
	[ "$CODE" -eq 0 ]
	left defer 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 connection closed by the server' \
		'! 0 421 connection closed by the server' 'done' 'D250 joe'
}

answers_stand()
{
	{
		upto ann
		echo 'say 550 5.1.1 gone
			expect RCPT TO:<bob@
			say 250 ok
			expect RCPT TO:<eve@
			say 421 4.3.2 bye
			close'
		hello
		mail
		echo 'expect RCPT TO:<bob@
			say 250 ok
			expect RCPT TO:<eve@
			say 250 ok'
		data
		echo 'text
			close'
	} | play
	left defer 'F550 ann' 'T421 bob' 'T421 eve' '! 1 550 5.1.1 gone' \
		'! 0 421 4.3.2 bye' || return
	{
		upto ann
		echo 'say 550 5.1.1 gone
			expect RCPT TO:<bob@
			say 450 4.2.0 wait
			expect RCPT TO:<eve@
			say 250 ok
			expect RCPT TO:<joe@
			say 250 ok
			expect DATA
			close'
		hello
		mail
		echo 'expect RCPT TO:<eve@
			say 250 ok
			expect RCPT TO:<joe@
			say 250 ok'
		data
		taken
		bye
	} | MORE=joe@example.com play
	left defer 'F550 ann' 'T450 bob' 'D250 eve' 'D250 joe' '! 1 550 5.1.1 gone' '! 2 450 4.2.0 wait'
}

@test "who had an answer before the loss keeps it, and is not asked again" {
	both_ways answers_stand
}

# One envelope for ann, one for bob.
two_envelopes()
{
	find "$SPOOL" -type f -delete
	post
	post bob@example.com
	dialogue
	again
}

# MAIL and RCPT with good replies, up to the DATA of ann or bob.
envelope_of()
{
	mail
	echo "expect RCPT TO:<$1@example.com>
		say 250 2.1.5 ok"
}

innocent()
{
	{
		hello
		envelope_of ann
		data
		echo text
		[ "$HOW" = lockstep ] || echo 'expect MAIL
			expect RCPT TO:<bob@
			expect DATA'
		echo "$1"
		hello
		envelope_of ann
		data
		# ann's goes alone now: nothing comes behind its text
		echo "text
			$1"
		hello
		envelope_of bob
		data
		taken
		bye
	} | two_envelopes
	left defer 'T421 ann' '! 0 421 4.3.2 bye' 'done' 'D250 bob'
}

@test "only the oldest transaction is blamed for a loss; what was behind it goes on" {
	both_ways innocent $'say 421 4.3.2 bye\nclose'
}

@test "a text that was acknowledged before the loss is not sent again" {
	{
		hello
		envelope_of ann
		data
		echo 'text
			expect MAIL
			expect RCPT TO:<bob@
			expect DATA
			say 250 2.0.0 taken
			reset'
		hello
		envelope_of bob
		data
		taken
		bye
	} | two_envelopes
	left 'done' 'D250 ann' 'D250 bob' || left 'done' 'D250 ann' 'done' 'D250 bob'
}

@test "so many messages, each followed by 421 or by the end: each is sent once" {
	for goodbye in 'say 421 4.7.0 one is enough' ''; do
		for ((i = 0; i < 5; i++)); do
			hello
			envelope_of "user$((i + 1))" | sed 's/MAIL.*/MAIL/'
			data
			echo "text
				send 250 taken\\r\\n${goodbye:+421 4.7.0 one is enough\\r\\n}
				close"
		done | { HOW=lockstep dialogue; }
		find "$SPOOL" -type f -delete
		explode 5 -n 1
		again
		[ "$(rcpts 'done' | sort)" = "$(printf 'D250 user%d@example.com\n' 1 2 3 4 5)" ]
	done
}

ENDINGS=('say 421 4.3.2 bye' $'say 421 4.3.2 bye\nclose' close reset)

@test "so is 421 or the end as the answer to RSET: the transaction behind it is sent on the next session" {
	local ending
	HOW=lockstep
	for ending in "${ENDINGS[@]}"; do
		{
			hello
			echo "expect MAIL
				say 550 5.7.1 not you
				expect RSET
				$ending"
			hello
			envelope_of bob
			data
			taken
			bye
		} | two_envelopes
		left 'done' 'D250 bob' fail 'F550 ann' '! 0 550 5.7.1 not you'
	done
}

@test "421 or the end as the answer to a lone dot loses nobody's reply" {
	local ending
	for ending in "${ENDINGS[@]}"; do
		{
			upto ann
			echo "say 550 5.1.1 gone
				expect RCPT
				say 450 4.2.0 wait
				expect RCPT
				say 550 5.1.1 gone
				expect DATA
				say 354 go on
				expect .\$
				$ending"
			hello
			bye
		} | play
		[ "$CODE" -eq 0 ]
		left defer 'F550 ann' 'T450 bob' 'F550 eve' '! 1 550 5.1.1 gone' '! 3 550 5.1.1 gone' '! 2 450 4.2.0 wait'
	done
}

@test "421 or the end as the answer to the first MAIL with XVERP, behind which nothing was sent" {
	local ending
	for ending in "${ENDINGS[@]}"; do
		{
			hello XVERP
			echo "lockstep on
				expect MAIL FROM:<news@example.org> XVERP=+=\$
				$ending"
			hello XVERP
			echo 'expect MAIL FROM:<news@example.org> XVERP=+=$
				say 250 ok'
			everyone
			data
			taken
			bye
		} | dialogue
		find "$SPOOL" -type f -delete
		printf '%s@example.com\n' ann bob eve |
			ml-explode -f news@example.org -V += -m <(letter) "$SPOOL" >/dev/null
		again
		[ "$CODE" -eq 0 ]
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
	done
}

@test "what follows QUIT concerns nobody" {
	local ending
	for ending in "${ENDINGS[@]}" $'say 500 what\ngone' $'say no reply\ngone' $'send 221 b\nclose'; do
		{ good | sed '/^expect QUIT/,$d'; printf '%s\n' 'expect QUIT$' "$ending"; } | play
		[ "$CODE" -eq 0 ]
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
		[ "$(tail -n 1 err)" = "closed to=127.0.0.1:$PORT messages=1" ]
	done
}

# A runner that stays; the session rests after ann's text.
resting()
{
	find "$SPOOL" -type f -delete
	dialogue
	post
	start_runner -q
	wait_for eval '[ "$(rcpts done)" = "D250 ann@example.com" ]'
	wait_for state_is idle
}

finished()
{
	wait_for eval '[ -z "$(envelopes new cur)" ]'
	stop "$PID"
	said
	output=$(state | sed 's/@example\.com//')
}

@test "421 or the end on a session that sat idle is nobody's: the next envelope has a fresh one" {
	for goodbye in 'say 421 4.4.2 timeout, closing' reset; do
		{
			hello
			envelope_of ann
			data
			taken
			printf '%s\n' 'delay 300' "$goodbye" close
			hello
			envelope_of bob
			data
			taken
			bye
		} | { [ "$goodbye" = reset ] && sed '/^close$/d' || cat; } | resting
		wait_for grep -q '^closed' "$PID_ERR"
		post bob@example.com
		finished
		left 'done' 'D250 ann' 'done' 'D250 bob'
	done
}

@test "who does not answer QUIT keeps no message waiting that comes meanwhile" {
	local began
	{
		hello
		envelope_of ann
		data
		taken
		echo 'expect QUIT$
			gone'
		hello
		envelope_of bob
		data
		taken
		bye
	} | resting
	kill -s HUP "$PID"
	wait_for grep -aq '^QUIT' heard
	began=$(now)
	post bob@example.com
	wait_for grep -aq '^RCPT TO:<bob@' heard
	[ $(($(now) - began)) -lt 1500000 ]
	finished
	left 'done' 'D250 ann' 'done' 'D250 bob'
}

crossed()
{
	{
		hello
		envelope_of ann
		data
		taken
		echo "expect MAIL
			$1"
		hello
		echo 'expect MAIL
			close'
		hello
		echo 'expect MAIL
			say 421 4.3.2 bye
			close'
	} | resting
	post bob@example.com
	wait_for eval '[ -n "$(envelopes defer)" ]'
	stop "$PID"
	said
	output=$(state | sed 's/@example\.com//')
	left defer 'T421 bob' '! 1 421 4.3.2 bye' 'done' 'D250 ann' ||
		left defer 'T421 bob' '! 0 421 connection closed by the server' 'done' 'D250 ann'
}

@test "a goodbye that crosses the first MAIL after a rest does not count as a loss" {
	crossed $'say 421 4.4.2 timeout\nclose'
	crossed close
	crossed reset
}

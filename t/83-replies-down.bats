#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What means that the MTA takes nothing from us at all: no attempt is spent, nobody is refused.
# And what does not: EHLO refused by a server that knows HELO.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# -1 said that the MTA is down, with this reason.
down_with()
{
	[ "$CODE" -eq 75 ] && grep -q "^down .*error=\"$1\"" err && return
	echo "exit $CODE"
	cat err
	return 1
}

untouched()
{
	left new 'T000 ann' 'T000 bob' 'T000 eve'
}

@test "a greeting that is no welcome: down" {
	for reply in '554 5.3.2 not today' '421 4.3.2 busy' '450 4.7.0 slow down' '354 go on' '599 odd'; do
		printf '%s\n' accept "say $reply" 'expect QUIT' 'say 221 bye' gone | play
		down_with "$reply"
		untouched
	done
}

@test "EHLO refused for now, or HELO refused as well: down" {
	for reply in '421 4.3.2 busy' '450 4.7.0 slow down' '354 what'; do
		{ upto ehlo; printf '%s\n' "say $reply" 'expect QUIT' 'say 221 bye' gone; } | play
		down_with "$reply"
		untouched
	done
	for reply in '550 5.7.1 not you' '421 4.3.2 busy'; do
		{ upto ehlo; printf '%s\n' 'say 502 what' 'expect HELO' "say $reply" 'expect QUIT' 'say 221 bye' gone; } | play
		down_with "$reply"
		untouched
	done
}

@test "EHLO refused, HELO used: one command at a time and no parameters, also with 8-bit text" {
	for reply in '500 what' '502-5.5.1 PIPELINING\r\n502 8BITMIME' '550 5.7.1 no' '504 5.5.2 no'; do
		{
			upto ehlo
			printf '%s\n' 'lockstep on' "say $reply" 'expect HELO' 'say 250-peer\r\n250-PIPELINING\r\n250 SIZE 1'
			echo 'expect MAIL FROM:<news@example.org>$
				say 250 ok'
			everyone
			data
			taken
			bye
		} | play -e lists.example.org
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
		grep -q $'^HELO lists.example.org\r$' heard
	done
}

needs_auth()
{
	local point
	for point in mail ann bob eve data dot; do
		{ upto "$point"; echo 'say 530 5.7.0 must authenticate
			close'; } | play
		down_with '530 5.7.0 must authenticate' || { echo "at $point"; return 1; }
		untouched || return
	done
}

@test "530, 534, 535 and 538 mean that the MTA is down, wherever they are said" {
	both_ways needs_auth
	for code in 534 535 538; do
		{ upto mail; echo "say $code 5.7.9 no
			close"; } | play
		down_with "$code 5.7.9 no"
		untouched
	done
}

half_way()
{
	{
		upto ann
		echo 'say 550 5.1.1 gone
			expect RCPT TO:<bob@
			say 450 4.2.0 wait
			expect RCPT TO:<eve@
			say 530 5.7.0 must authenticate
			close'
	} | play
	down_with '530 5.7.0 must authenticate' || return
	left new 'F550 ann' 'T450 bob' 'T000 eve' '! 1 550 5.1.1 gone'
}

@test "what was answered before that stands" {
	both_ways half_way
}

@test "what a group still owes behind it is heard, and its text is not sent" {
	{
		upto ann
		echo 'say 530 5.7.0 must authenticate
			expect RCPT TO:<bob@
			say 550 5.1.1 gone
			expect RCPT TO:<eve@
			say 250 ok
			expect DATA
			say 354 go on
			gone'
	} | play
	down_with '530 5.7.0 must authenticate'
	left new 'T000 ann' 'F550 bob' 'T000 eve' '! 2 550 5.1.1 gone'
}

@test "so are the replies to the commands that left with a text which gets it" {
	{
		hello
		mail
		echo 'expect RCPT TO:<ann@
			say 250 ok'
		data
		echo 'text
			expect MAIL
			expect RCPT TO:<bob@
			expect DATA
			say 530 5.7.0 must authenticate
			say 250 ok
			say 550 5.1.1 gone
			say 554 no recipients
			gone'
	} | dialogue
	post
	post bob@example.com
	again
	down_with '530 5.7.0 must authenticate'
	left fail 'F550 bob' '! 1 550 5.1.1 gone' new 'T000 ann'
}

after_one()
{
	{
		hello
		mail
		echo 'expect RCPT TO:<ann@
			say 250 ok'
		data
		taken
		echo 'expect MAIL
			say 530 5.7.0 must authenticate
			close'
	} | dialogue
	find "$SPOOL" -type f -delete
	post
	post bob@example.com
	again
	down_with '530 5.7.0 must authenticate' || return
	left 'done' 'D250 ann' new 'T000 bob'
}

@test "a message that was taken before that is not sent again" {
	both_ways after_one
}

over_lmtp()
{
	local code
	for code in 530 534 535 538; do
		{ hello; mail; everyone; data; echo "text
			say 250 2.0.0 ann has it
			say $code 5.7.0 not for bob
			say 552 5.2.2 eve is full
			gone"; } | sed 's/EHLO/LHLO/' | dialogue
		find "$SPOOL" -type f -delete
		post ann@example.com bob@example.com eve@example.com
		CODE=0
		timeout 20 ml-runner -1q "$SPOOL" lmtp 127.0.0.1 "$PORT" 2>err || CODE=$?
		said || return
		down_with "$code 5.7.0 not for bob" || return
		output=$(state | sed 's/@example\.com//')
		left new 'D250 ann' 'T000 bob' 'F552 eve' '! 3 552 5.2.2 eve is full' || return
	done
}

@test "over LMTP who gets 530 after the text is not refused for it either, and the others' replies count" {
	both_ways over_lmtp
}

# A server that hears EHLO, and closes.
closes_at_once()
{
	echo 'repeat 1000
		accept
		say 220 peer
		expect EHLO
		say 250 peer
		close
		end'
}

@test "a session that ends before anything was sent means down: nobody connects again and again" {
	{
		hello
		mail
		echo 'expect RCPT
			say 250 ok'
		data
		taken
		echo close
		closes_at_once
	} | dialogue
	post
	post bob@example.com
	# the second one has to wait a second for its turn
	run -75 --separate-stderr timeout 20 ml-runner -1q -r 1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$(tail -n 1 <<<"$stderr")" = "down to=127.0.0.1:$PORT error=\"connection closed by the server\"" ]
	[ "$(grep -ac ^EHLO heard)" -eq 2 ]
	output=$(state | sed 's/@example\.com//')
	left 'done' 'D250 ann' new 'T000 bob'
}

@test "likewise where what there is can't be claimed" {
	[ "$(id -u)" -ne 0 ] || need setpriv
	explode 3
	chmod -R a+rwX "$SPOOL" .
	chmod 755 "$SPOOL/new/"*/
	closes_at_once | dialogue
	start as_nobody timeout 20 ml-runner spool smtp 127.0.0.1 "$PORT"
	wait_for grep -q '^down .*error="connection closed by the server" retry_ms=' "$PID_ERR"
	kill "$(sed -n 's/^pid //p' "$SPOOL"/run/[0-9]*)"
	wait "$PID"
	[ "$(grep -ac ^EHLO heard)" -le 2 ]
	[ "$(rcpts new | grep -c ^T000)" -eq 3 ]
}

@test "a runner keeps off while that lasts, and delivers when it is over" {
	{
		upto mail
		echo 'say 530 5.7.0 must authenticate
			close
			delay 3000'
		hello
		mail
		everyone
		data
		taken
		bye
	} | dialogue
	post ann@example.com bob@example.com eve@example.com
	start_runner -q
	wait_for grep -q '^down ' "$PID_ERR"
	# it comes again within the second, and waits for a greeting without a claim
	[ "$(rcpts new | grep -c ^T000)" -eq 3 ]
	wait_for eval '[ -n "$(envelopes done)" ]'
	stop "$PID"
	said
	[ "$(grep -c '^up ' "$PID_ERR")" -eq 1 ]
	output=$(state | sed 's/@example\.com//')
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

@test "while a runner keeps off, a claim of its own that it does not hold goes back for others to take" {
	sink
	stop "$SINK_PID"
	post
	post stray@example.com
	start_runner
	wait_for state_is down
	# as a claim leaves it that was made, and reported as failed
	claim=$NAME:$(ls "$SPOOL/run")
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$claim"
	kill -s ALRM "$PID"
	wait_for test -e "$SPOOL/new/$NAME"
	[ "$(ls "$SPOOL/run")" = "${claim#*:}" ]
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(grep -vc '^down ' "$PID_ERR")" -eq 0 ]
	[ "$(rcpts | sort)" = 'T000 ann@example.com
T000 stray@example.com' ]
}

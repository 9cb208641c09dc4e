#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Time: how long each reply may take, with a short -t, and a server that does not read.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

milliseconds()
{
	echo $(($(now) / 1000))
}

# Nothing is said at a point: with -t 1 the client waits MS, and hangs up.
silence()
{
	local before
	{ upto "$1"; echo gone; } | sed '/^lockstep on/d' | dialogue
	find "$SPOOL" -type f -delete
	post ann@example.com bob@example.com eve@example.com
	before=$(milliseconds)
	again -t 1
	before=$(($(milliseconds) - before))
	echo "$1: $before ms"
	[ "$before" -ge "$2" ]
}

@test "a silent greeting, EHLO or HELO: half of -t, and the MTA is down" {
	for point in greeting ehlo helo; do
		silence "$point" 500
		[ "$CODE" -eq 75 ]
		grep -q '^down .*error="timed out"' err
		left new 'T000 ann' 'T000 bob' 'T000 eve'
	done
}

timed_out()
{
	silence "$1" "$2" || return
	[ "$CODE" -eq 75 ] || return
	left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 timed out'
}

@test "a silent MAIL or RCPT: half of -t; DATA a fifth; the text all of it" {
	HOW=lockstep
	timed_out mail 500
	timed_out bob 500
	timed_out data 200
	timed_out dot 1000
}

@test "a silent RSET: half of -t, and the transaction behind it is in doubt; a lone dot: all of it, nobody is" {
	HOW=lockstep
	{ hello; echo 'expect MAIL
		say 550 5.7.1 not you
		expect RSET
		gone'; } | dialogue
	post
	post bob@example.com
	again -t 1
	[ "$CODE" -eq 75 ]
	left fail 'F550 ann' '! 0 550 5.7.1 not you' new 'T421 bob' '! 0 lost 421 timed out'
	HOW=groups
	{ upto ann; echo 'say 550 5.1.1 gone
		expect RCPT
		say 550 5.1.1 gone
		expect RCPT
		say 550 5.1.1 gone
		expect DATA
		say 354 go on
		expect .$
		gone'; } | play -t 1
	grep -q '^disconnected error="timed out" unanswered=1' err
	left fail 'F550 ann' 'F550 bob' 'F550 eve' '! 1 550 5.1.1 gone' '! 2 550 5.1.1 gone' '! 3 550 5.1.1 gone'
}

@test "likewise where the commands came in a group" {
	for point in bob data; do
		{
			upto "$point"
			[ "$point" = data ] || printf '%s\n' 'expect RCPT' 'expect DATA'
			echo gone
		} | play -t 1
		left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 timed out'
	done
}

@test "timed out twice: deferred" {
	{ upto data; echo gone; upto data; echo gone; } | play -t 1
	[ "$CODE" -eq 0 ]
	left defer 'T421 ann' 'T421 bob' 'T421 eve' '! 0 421 timed out'
}

# Octets keep coming for three seconds, and only then a reply.
drips()
{
	{
		upto bob
		echo "repeat 30
			delay 100
			send $1
			end
			say 250 2.1.5 ok
			expect RCPT
			say 250 2.1.5 ok"
		data
		taken
		bye
	} | dialogue
	find "$SPOOL" -type f -delete
	post ann@example.com bob@example.com eve@example.com
	run -75 --separate-stderr timeout 9 ml-runner -1q -t 1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[[ $stderr == *'disconnected error="timed out" unanswered=1'* ]] || { echo "$stderr"; return 1; }
	output=$(state | sed 's/@example\.com//')
	left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 timed out'
}

@test "a reply that comes octet by octet, or line by line, has no more time than another" {
	HOW=lockstep
	drips '250-x\r\n'
	drips 2
}

@test "a reply that is late but in time is a reply; the text may take longer than any command" {
	{
		echo 'accept
			delay 100
			say 220 peer
			expect EHLO
			delay 100
			say 250 peer
			expect MAIL
			delay 100
			say 250 ok
			expect RCPT
			delay 100
			say 550 5.1.1 gone
			expect RCPT
			delay 100
			say 250 ok
			expect RCPT
			say 250 ok
			expect DATA
			say 354 go on
			text
			delay 1100
			say 250 2.0.0 taken'
		bye
	} | play -t 2
	left fail 'F550 ann' 'D250 bob' 'D250 eve' '! 1 550 5.1.1 gone'
}

# An envelope with a text of six megabytes, more than what is on its way can hold.
long_text()
{
	find "$SPOOL" -type f -delete
	{ letter; yes 'and so on, and so on, and so on' | head -n 200000; } |
		ml-enqueue -f news@example.org "$SPOOL" ann@example.com bob@example.com eve@example.com >/dev/null
}

@test "a server that stops reading in the middle of a text: three tenths of -t" {
	{
		echo 'window 8192'
		upto text
		echo 'expect From:
			stalled 100
			delay 700
			reset'
	} | dialogue
	long_text
	again -t 1
	[ "$CODE" -eq 75 ]
	# and not for a reply to it
	grep -q '^disconnected error="timed out" unanswered=0' err
	left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 timed out'
}

@test "a server that reads a text slowly, with pauses, gets all of it" {
	{
		echo 'window 65536'
		upto text
		echo 'expect From:
			stalled 50
			repeat 1000
			expect
			end
			stalled 50'
		taken
		bye
	} | sed 's/lockstep on//' | dialogue
	long_text
	again -t 5
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

@test "a text refused in the middle, by a server that reads no more: all that were accepted" {
	for reply in '552 5.3.4 too much:fail:F552' '451 4.3.0 no room:defer:T451'; do
		IFS=: read -r reply dir mark <<<"$reply"
		{
			echo 'window 8192'
			upto text
			echo "expect From:
				stalled 50
				say $reply
				reset"
		} | dialogue
		long_text
		again -t 5
		left "$dir" "$mark ann" "$mark bob" "$mark eve" "! 0 $reply"
	done
}

@test "421, or the end, in the middle of a text: in doubt, and noted once" {
	for ending in 'say 421 4.3.2 going down' reset; do
		{
			echo 'window 8192'
			upto text
			echo "expect From:
				stalled 50
				$ending
				accept
				say 421 4.3.2 going down
				expect QUIT"
		} | dialogue
		long_text
		again -t 5
		[ "$CODE" -eq 75 ]
		[[ $ending == reset ]] || left new 'T421 ann' 'T421 bob' 'T421 eve' '! 0 lost 421 4.3.2 going down'
		[[ $output == $'new\nT421 ann\nT421 bob\nT421 eve\n! 0 lost 421 '* ]]
	done
}

@test "a server that owes replies and does not read, then says them all before it reads on: no deadlock" {
	{
		echo 'window 16384'
		hello PIPELINING
		mail
		echo "repeat 1000
			expect RCPT
			say 250 2.1.5 ok
			end
			stalled 50
			flood 1500 250 2.1.5 $(printf '%01500d' 0)\\r\\n
			repeat 4000
			expect RCPT
			end
			flood 2499 250 2.1.5 ok\\r\\n
			say 550 5.1.1 the last is gone"
		data
		taken
		bye
	} | dialogue
	addresses 5000 | ml-explode -f news@example.org -n 5000 -m <(letter) "$SPOOL" >/dev/null
	again -n 5000
	[ "$(rcpts | cut -c 1-4 | sort | uniq -c | tr -s ' \n' ' ')" = ' 4999 D250 1 F550 ' ]
	[ "$(tail -n 2 <<<"$output")" = $'F550 user5000\n! 5000 550 5.1.1 the last is gone' ]
}

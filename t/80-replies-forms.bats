#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Replies in every form that a server may give them, and in forms that it may not.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

many_lines()
{
	{
		echo 'accept
		say 220-peer\r\n220-250 no reply\r\n220 ready
		expect EHLO
		send 250-peer\r\n'
		[ "$HOW" = lockstep ] || echo 'send 250-PIPELINING\r\n'
		echo 'say 250-HELP\r\n250
		expect MAIL
		say 250-2.1.0\r\n250-550 5.7.1 not a refusal\r\n250 2.1.0 ok
		expect RCPT TO:<ann@
		say 250-\r\n250-\r\n250
		expect RCPT TO:<bob@
		say 550-5.1.1 no such\r\n550-5.1.1\r\n550 5.1.1 user
		expect RCPT TO:<eve@
		say 250-2.1.5 ok\r\n250
		expect DATA$
		say 354-go\r\n354-\r\n354 on
		text
		say 250-2.0.0 taken\r\n250 as 421
		expect QUIT
		say 221-2.0.0\r\n221 bye
		gone'
	} | play
	left fail 'D250 ann' 'F550 bob' 'D250 eve' '! 2 550 5.1.1 no such 5.1.1 5.1.1 user'
}

@test "a reply may have many lines anywhere, and means one thing" {
	both_ways many_lines
}

several_codes()
{
	{
		hello
		echo 'expect MAIL
		say 251-2.1.0 hm\r\n250 ok
		expect RCPT TO:<ann@
		say 250-2.1.5 a\r\n251-b\r\n250 c
		expect RCPT TO:<bob@
		say 550-5.1.1 no such\r\n551 user
		expect RCPT TO:<eve@
		say 421-4.2.0 not\r\n450 now
		expect DATA$
		say 350-go\r\n354 on
		text
		say 251-2.0.0 taken\r\n250 as 1'
		bye
	} | play
	left defer 'D250 ann' 'F551 bob' 'T450 eve' '! 2 551 5.1.1 no such user' '! 3 450 4.2.0 not now'
}

@test "lines with several codes of one kind are a reply all the same, and the last code counts" {
	both_ways several_codes
}

in_splinters()
{
	{ echo 'split on'; hello; mail; everyone; data; taken; bye; } |
		sed 's/say 250 2.1.5 ok/say 250-2.1.5\\r\\n250 ok/' | play
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

@test "a reply may come octet by octet" {
	both_ways in_splinters
}

one_segment()
{
	{
		hello SIZE
		echo 'expect MAIL
		expect RCPT
		expect RCPT
		expect RCPT
		expect DATA
		send 250 ok\r\n250 ok\r\n550-5.1.1 not\r\n550 here\r\n250 ok\r\n354 go on\r\n'
		taken
		bye
	} | play
	left fail 'D250 ann' 'F550 bob' 'D250 eve' '! 2 550 5.1.1 not here'
}

@test "the replies to a group may come in one segment" {
	one_segment
}

unknown_codes()
{
	{ hello; mail; everyone; data; taken; bye; } |
		sed -e 's/250 2\.[01]\.[05]/299 x/' -e 's/354/399/' -e 's/221/299/' | play
	left 'done' 'D299 ann' 'D299 bob' 'D299 eve' || return
	{
		hello
		mail
		echo 'expect RCPT TO:<ann@
		say 499 never heard
		expect RCPT TO:<bob@
		say 599 nor this
		expect RCPT TO:<eve@
		say 259 nor that'
		data
		taken
		bye
	} | play
	left defer 'T499 ann' 'F599 bob' 'D250 eve' '! 2 599 nor this' '! 1 499 never heard' || return
	{ hello; mail; everyone; data; echo 'text
		say 569 odd'; bye; } | play
	left fail 'F569 ann' 'F569 bob' 'F569 eve' '! 0 569 odd' || return
	{ hello; echo 'expect MAIL
		say 488 odd'; behind; bye; } | play
	left defer 'T488 ann' 'T488 bob' 'T488 eve' '! 0 488 odd'
}

@test "an unknown code means what its first digit says" {
	both_ways unknown_codes
}

@test "a reply may be a bare code, end in LF alone, and say nothing" {
	{ hello; mail; everyone; data; taken; bye; } |
		sed -e 's/say \([235]..\) .*/send \1\\n/' -e 's/lockstep on/&/' | play
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

nuls()
{
	{
		hello
		echo 'expect MAIL
		say 250 2.1.0 \0\0ok\0
		expect RCPT
		say 250 ok
		expect RCPT
		say 550 5.1.1 no\0such\x1b[31m\tuser\177
		expect RCPT
		say 250 \x80\xff'
		data
		taken
		bye
	} | play
	left fail 'D250 ann' 'F550 bob' 'D250 eve' '! 2 550 5.1.1 no such [31m user '
}

@test "NULs and other controls in a reply's text are harmless" {
	both_ways nuls
}

# A text of 2100 octets, in one piece, and its first 512 octets with the code.
long_lines()
{
	local x
	x=$(printf '%02095d' 0)
	{
		hello
		mail
		echo "expect RCPT
		send 250-$x
		delay 20
		send $x\\r\\n250 ok\\r\\n
		expect RCPT
		send 550 5.1.1 $x
		delay 20
		send $x\\r\\n
		expect RCPT
		say 550 5.1.2 $x"
		data
		taken
		bye
	} | play
	left fail 'D250 ann' 'F550 bob' 'F550 eve' "! 2 $(cut -c 1-511 <<<"550 5.1.1 $x")" \
		"! 3 $(cut -c 1-511 <<<"550 5.1.2 $x")"
}

@test "a line that is longer than it may be is a reply all the same, and cut, in however many pieces it comes" {
	both_ways long_lines
}

# The client hangs up long before it has been told all of that.
is_cut_short()
{
	local n
	n=$(tail -n 1 "$PEER_OUT")
	echo "$n octets went out"
	[ "$n" -lt 8000000 ]
}

@test "a gigabyte of greeting is cut short, in whatever form it comes: the server is down" {
	for what in '16000000 220-so much to say about this server, and so little time to say it\r\n' \
		'1000000000 x' '1000000000 \0' '500000000 \r\n' '1000000000 220' '100000000 220 hello\r\n'; do
		printf 'accept\nflood %s\n' "$what" | play
		[ "$CODE" -eq 75 ]
		is_cut_short
		left new 'T000 ann' 'T000 bob' 'T000 eve'
	done
}

@test "so is an endless answer to EHLO" {
	for what in '16000000 250-X-EXTENSION-WITHOUT-END AND MORE OF IT\r\n' '1000000000 250-x'; do
		printf '%s\n' accept 'say 220 peer' 'expect EHLO' "flood $what" | play
		[ "$CODE" -eq 75 ]
		is_cut_short
		left new 'T000 ann' 'T000 bob' 'T000 eve'
	done
}

# floods_at POINT N STRING: twice
floods_at()
{
	{
		upto "$1"
		echo "flood $2 $3"
		upto "$1"
		echo "flood $2 $3"
	} | play
	is_cut_short || return
	left defer 'T421 ann' 'T421 bob' 'T421 eve' "! 0 421 the server's reply is not SMTP"
}

@test "so is an endless reply to any command: the connection is lost, nobody is refused" {
	floods_at mail 10000000 '250-and another line of nothing at all\r\n'
	floods_at bob 1000000000 550
	floods_at dot 1000000000 x
	HOW=lockstep
	floods_at eve 10000000 '550-and another line of nothing at all\r\n'
	floods_at data 500000000 '354-'
}

not_smtp()
{
	{
		upto "$1"
		echo "say $2"
		upto "$1"
		echo "say $2"
	} | play
	left defer 'T421 ann' 'T421 bob' 'T421 eve' "! 0 421 the server's reply is not SMTP"
}

@test "what is no reply is the loss of the connection, and nobody's refusal" {
	for what in '' 25 '2500 ok' '150 ok' '650 ok' '\xff\xfe' '25\0 ok' ' 250 ok'; do
		not_smtp bob "$what"
	done
	for point in mail data dot; do
		not_smtp "$point" '550-ok\r\n450 ok'
	done
}

says_more_before_work()
{
	upto "$1" | sed '$!b' | { cat; echo "send $2"; echo gone; } | play
	[ "$CODE" -eq 75 ] || return
	grep -q '^down .*error="the server spoke unasked"' err || return
	left new 'T000 ann' 'T000 bob' 'T000 eve'
}

@test "a server that says more than a greeting, or than EHLO asked for, is down" {
	says_more_before_work greeting '220 hi\r\n250 ok\r\n'
	says_more_before_work ehlo '250-peer\r\n250 PIPELINING\r\n250 ok\r\n'
	says_more_before_work ehlo '250 peer\r\n25'
	{ upto ehlo; echo 'say 500 what
		expect HELO
		send 250 peer\r\n250 ok\r\n
		gone'; } | play
	[ "$CODE" -eq 75 ]
}

# Twice the same: what the server says at a point, and no more is sent to it.
says_more()
{
	{
		upto "$1"
		echo "send $2
			gone"
		upto "$1"
		echo "send $2
			gone"
	} | play
	left defer 'T421 ann' 'T421 bob' 'T421 eve' "! 0 421 $3"
}

@test "a reply that nobody asked for is not taken for the next one" {
	HOW=lockstep
	says_more mail '250 ok\r\n550 5.1.1 who\r\n' 'the server spoke unasked'
	says_more ann '250 ok\r\n550 5.1.1 who\r\n' 'the server spoke unasked'
	says_more eve '250 ok\r\n354 go on\r\n' 'the server spoke unasked'
	for HOW in groups lockstep; do
		says_more data '354 go on\r\n354 go on\r\n' 'the server spoke unasked'
		says_more data '354 go on\r\n250 taken\r\n' 'the server spoke unasked'
	done
}

@test "a reply that no server would give shows that replies are out of step, and is nobody's" {
	HOW=lockstep
	says_more mail '354 go on\r\n' "the server's replies are out of step"
	says_more bob '354 go on\r\n' "the server's replies are out of step"
	says_more data '250 ok\r\n' "the server's replies are out of step"
	says_more dot '354 go on\r\n' "the server's replies are out of step"
}

two_replies_to_the_text()
{
	dialogue <<<"$(
		hello
		echo 'expect MAIL
			say 250 ok
			expect RCPT TO:<ann@
			say 250 ok
			expect DATA
			say 354 go on
			text
			send 250 taken\r\n250 taken\r\n'
		if [ "$HOW" = groups ]; then
			echo 'expect MAIL
				say 250 ok
				expect RCPT TO:<bob@
				say 250 ok
				expect DATA
				say 354 go on'
		fi
		echo gone
		hello
		echo 'expect MAIL
			say 250 ok
			expect RCPT TO:<bob@
			say 550 5.1.1 gone'
		if [ "$HOW" = groups ]; then echo 'expect DATA
			say 554 no recipients'; fi
		bye
	)"
	find "$SPOOL" -type f -delete
	post
	post bob@example.com
	again
	left 'done' 'D250 ann' fail 'F550 bob' '! 1 550 5.1.1 gone'
}

@test "a text that is acknowledged twice is delivered once, and the next one is not" {
	both_ways two_replies_to_the_text
}

@test "RSET that is refused is nobody's: what counts is whether MAIL is taken" {
	HOW=lockstep
	{
		hello
		echo 'expect MAIL
			say 550 5.7.1 not you
			expect RSET
			say 500 what
			expect MAIL
			say 250 ok
			expect RCPT TO:<bob@
			say 250 ok'
		data
		taken
		bye
	} | dialogue
	post
	post bob@example.com
	again
	left 'done' 'D250 bob' fail 'F550 ann' '! 0 550 5.7.1 not you'
}

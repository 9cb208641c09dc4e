#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a server offers is used as it is offered, in this session only; what it does not is not.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# offers TEXT…: a session whose EHLO gets these lines
offers()
{
	upto ehlo
	printf 'send %s\\r\\n\n' "$@"
}

# All commands of a group are there before the first reply.
a_group()
{
	echo "expect MAIL FROM:<news@example.org>$1\$
		expect RCPT TO:<ann@example.com>\$
		expect RCPT TO:<bob@example.com>\$
		expect RCPT TO:<eve@example.com>\$
		expect DATA\$
		repeat 4
		say 250 ok
		end
		say 354 go on"
}

eight_bit()
{
	find "$SPOOL" -type f -delete
	printf 'Subject: x\n\nGr\303\274\303\237e\n' |
		ml-enqueue -f news@example.org "$SPOOL" ann@example.com bob@example.com eve@example.com >/dev/null
}

@test "keywords count in any case, in any order, with arguments that are not known" {
	for lines in '250-peer 250-pipelining 250-size__100000 250-8bitmime 250_smtputf8' \
		'250-peer 250-8BitMime 250-SiZe_100000 250-SmtpUtf8 250_PipeLining' \
		'250-peer 250-X 250- 250-Size_100000_octets 250-PIPELINING_ 250-8BITMIME_yes 250 ' \
		'250-peer 250-SIZE_000000000000000000000100000 250-PIPELINING_x_y 250_8BITMIME'; do
		# shellcheck disable=SC2046,SC2086
		{
			offers $(for line in $lines; do tr _ ' ' <<<"$line" | tr ' ' '\001'; done) | tr '\001' ' '
			a_group ' SIZE=[0-9]* BODY=8BITMIME'
			taken
			bye
		} | dialogue
		eight_bit
		again
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
	done
}

@test "what only looks like a keyword is none" {
	{
		offers '250-peer PIPELINING 8BITMIME' '250-PIPELININGS' '250-XPIPELINING' '250-X PIPELINING' \
			'250-8BITMIMEX' '250-SIZES 5' '250-X SIZE 5' '250 AUTH=PIPELINING'
		echo 'lockstep on
			expect MAIL FROM:<news@example.org>$
			say 250 ok'
		everyone
		data
		taken
		bye
	} | dialogue
	eight_bit
	again
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

@test "SIZE without a number, with 0, or with nonsense is no limit" {
	for size in 'SIZE' 'SIZE ' 'SIZE  ' 'SIZE 0' 'SIZE -1' 'SIZE x' 'SIZE 99999999999999999999999'; do
		{
			offers '250-peer' "250-$size" '250 8BITMIME'
			echo 'expect MAIL FROM:<news@example.org> SIZE=[0-9]*$
				say 250 ok'
			everyone
			data
			taken
			bye
		} | dialogue
		find "$SPOOL" -type f -delete
		{ letter; seq 200; } | ml-enqueue -f news@example.org "$SPOOL" {ann,bob,eve}@example.com >/dev/null
		again
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || { echo "for $size"; false; }
	done
}

too_big()
{
	local size
	eight_bit
	size=$(stat -c %s "$(text_of "$(envelopes new)")")
	{ hello "SIZE $((size - 1))"; bye; } | dialogue
	again
	left fail 'F552 ann' 'F552 bob' 'F552 eve' "! 0 552 5.3.4 $size octets are more than the server takes" || return
	{ hello "SIZE $size"; echo "expect MAIL FROM:<news@example.org> SIZE=$size\$
		say 552 5.3.4 it is more than I take"; behind; bye; } | dialogue
	eight_bit
	again
	left fail 'F552 ann' 'F552 bob' 'F552 eve' '! 0 552 5.3.4 it is more than I take' || return
	{ hello "SIZE $size"; echo "expect MAIL FROM:<news@example.org> SIZE=$size\$
		say 452 4.3.1 no room just now"; behind; bye; } | dialogue
	eight_bit
	again
	left defer 'T452 ann' 'T452 bob' 'T452 eve' '! 0 452 4.3.1 no room just now'
}

@test "a message over SIZE is not tried; one that just fits is, and 250 to MAIL is no promise" {
	both_ways too_big
}

others_fit()
{
	{
		hello 'SIZE 200'
		mail | sed 's/>$/> SIZE=*/'
		everyone
		data
		taken
		bye
	} | dialogue
	find "$SPOOL" -type f -delete
	{ letter; seq 1000; } | ml-enqueue -f news@example.org "$SPOOL" joe@example.com >/dev/null
	post ann@example.com bob@example.com eve@example.com
	again
	[ "$(rcpts 'done' | grep -c D250)" -eq 3 ] && [ "$(rcpts fail)" = 'F552 joe@example.com' ]
}

@test "one that is too big does not hold up the others" {
	both_ways others_fit
}

@test "what is not even tried breaks no row of refusals: the runner keeps off after ten of them" {
	local i
	HOW=lockstep
	for i in {1..14}; do
		{ letter; seq 300; } | ml-enqueue -f news@example.org "$SPOOL" "joe$i@example.com"
		letter | ml-enqueue -f news@example.org "$SPOOL" "user$i@example.com"
	done >/dev/null
	# a session is changed after eight
	for i in 7 1; do
		hello 'SIZE 300'
		echo "expect MAIL
			say 451 4.3.0 later
			repeat $i
			expect RSET
			say 250 ok
			expect MAIL
			say 451 4.3.0 later
			end"
		bye
	done | dialogue
	again
	[ "$CODE" -eq 75 ]
	[ "$(rcpts fail | grep -c '^F552 joe')" -eq 10 ]
	[ "$(rcpts defer | grep -c '^T451 user')" -eq 10 ]
	[ "$(rcpts new | grep -c '^T000 ')" -eq 8 ]
}

no_eight_bit()
{
	{
		hello
		mail | sed 's/>$/>$/'
		everyone
		data
		taken
		bye
	} | dialogue
	eight_bit
	again
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || return
	grep -q $'^Gr\303\274\303\237e\r$' heard
}

@test "8-bit text to a server without 8BITMIME goes out as it is, and is not announced" {
	both_ways no_eight_bit
}

ask_for_eight_bit()
{
	{
		hello 8BITMIME
		mail | sed "s/>\$/>$1\$/"
		everyone
		data
		taken
		bye
	} | dialogue
}

@test "BODY=8BITMIME is said for an 8-bit text only" {
	ask_for_eight_bit ' BODY=8BITMIME'
	eight_bit
	again
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
	ask_for_eight_bit ''
	find "$SPOOL" -type f -delete
	post ann@example.com bob@example.com eve@example.com
	again
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

# ann and eve, and between them one whose address is not ASCII.
foreign()
{
	find "$SPOOL" -type f -delete
	post ann@example.com $'b\303\266b@example.com' eve@example.com
}

ann_and_eve()
{
	mail | sed 's/>$/>$/'
	echo 'expect RCPT TO:<ann@example.com>$
		say 250 ok
		expect RCPT TO:<eve@example.com>$
		say 250 ok'
	data
	taken
}

utf8_not_offered()
{
	{ hello "$@"; echo 'expect MAIL FROM:<news@example.org>$
		say 250 ok
		expect RCPT TO:<ann@example.com>$
		say 250 ok'; data; taken; echo 'expect MAIL FROM:<news@example.org>$
		say 250 ok
		expect RCPT TO:<eve@example.com>$
		say 250 ok'; data; taken; bye; } | dialogue
	foreign
	again
	left fail 'D250 ann' $'F553 b\303\266b' 'D250 eve' '! 2 553 5.6.7 the server does not offer SMTPUTF8'
}

@test "a non-ASCII address where SMTPUTF8 is not offered: that recipient alone has failed" {
	HOW=lockstep utf8_not_offered
}

@test "SMTPUTF8 without 8BITMIME is not offered" {
	HOW=lockstep utf8_not_offered SMTPUTF8
}

@test "a non-ASCII sender where SMTPUTF8 is not offered: all have failed, and nothing is sent" {
	{ hello 8BITMIME; bye; } | dialogue
	letter | ml-enqueue -f $'n\303\251ws@example.org' "$SPOOL" ann@example.com bob@example.com >/dev/null
	again
	left fail 'F553 ann' 'F553 bob' '! 0 553 5.6.7 the server does not offer SMTPUTF8'
}

utf8_offered()
{
	{
		hello SMTPUTF8 8BITMIME
		echo 'expect MAIL FROM:<news@example.org>$
			say 250 ok
			expect RCPT TO:<ann@example.com>$
			say 250 ok'
		data
		taken
		echo $'expect MAIL FROM:<news@example.org> SMTPUTF8$
			say 250 ok
			expect RCPT TO:<b\303\266b@example.com>$
			say 553 5.6.7 not that far'
		if [ "$HOW" = groups ]; then printf '%s\n' 'expect DATA' 'say 554 no valid recipients'; fi
		rset
		echo 'expect MAIL FROM:<news@example.org>$
			say 250 ok
			expect RCPT TO:<eve@example.com>$
			say 250 ok'
		data
		taken
		bye
	} | dialogue
	foreign
	again
	left fail 'D250 ann' $'F553 b\303\266b' 'D250 eve' '! 2 553 5.6.7 not that far'
}

@test "where it is offered it is asked for by that recipient's transaction alone, and the refusal is his" {
	HOW=lockstep utf8_offered
}

withdrawn()
{
	{
		HOW=groups hello SIZE 8BITMIME SMTPUTF8
		a_group ' SIZE=[0-9]* BODY=8BITMIME'
		echo 'text
			close'
		HOW=lockstep hello HELP
		echo 'expect MAIL FROM:<news@example.org>$
			say 250 ok'
		everyone
		data
		taken
		bye
	} | dialogue
	eight_bit
	again
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

@test "an offer holds for its session: after a reconnect without it, it is not used" {
	withdrawn
}

@test "an offer of EHLO does not hold behind HELO" {
	{
		HOW=groups hello SIZE 8BITMIME SMTPUTF8
		a_group ' SIZE=[0-9]* BODY=8BITMIME'
		echo 'text
			say 421 4.3.2 bye
			close
			accept
			lockstep on
			say 220 peer
			expect EHLO
			say 500 no more
			expect HELO
			say 250 peer
			expect MAIL FROM:<news@example.org>$
			say 250 ok'
		HOW=lockstep
		everyone
		data
		taken
		bye
	} | dialogue
	eight_bit
	again
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

capped()
{
	{
		for pair in ann:550 bob:250 eve:250; do
			hello
			mail
			echo "expect RCPT TO:<${pair%:*}@
				say 250 ok"
			data
			echo "text
				say ${pair#*:} 2.0.0 x"
			bye
		done
	} | dialogue
	find "$SPOOL" -type f -delete
	post ann@example.com bob@example.com eve@example.com
	again -n 1 -c 1
	left fail 'F550 ann' 'D250 bob' 'D250 eve' '! 0 550 2.0.0 x'
}

@test "-c 1: a session for each message, refused ones as well" {
	both_ways capped
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# 4xx and 5xx to each command: whose it is, and what happens to the others.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# What a server says to DATA when it has nobody to take it for; in lockstep it is not asked.
data_for_nobody()
{
	if [ "$HOW" = groups ]; then printf '%s\n' 'expect DATA$' "say ${1:-554 5.5.1 no valid recipients}"; fi
}

# replies ANN BOB EVE: a transaction with these replies to RCPT
replies()
{
	local who
	mail
	for who in ann bob eve; do
		printf '%s\n' "expect RCPT TO:<$who@example.com>\$" "say $1"
		shift
	done
}

at_mail()
{
	{ hello; printf '%s\n' 'expect MAIL' 'say 550 5.7.1 not you'; behind; bye; } | play
	left fail 'F550 ann' 'F550 bob' 'F550 eve' '! 0 550 5.7.1 not you' || return
	{ hello; printf '%s\n' 'expect MAIL' 'say 451 4.3.0 later'; behind; bye; } | play
	left defer 'T451 ann' 'T451 bob' 'T451 eve' '! 0 451 4.3.0 later' || return
	{ hello; printf '%s\n' 'expect MAIL' 'say 500 5.5.2 what'; behind; bye; } | play
	left defer 'T500 ann' 'T500 bob' 'T500 eve' '! 0 451 answered: 500 5.5.2 what'
}

@test "MAIL refused: all, with the message's note" {
	both_ways at_mail
}

mail_for_one()
{
	{ hello; printf '%s\n' 'expect MAIL' 'say 451 4.3.0 later'; behind 1; bye; } | dialogue
	find "$SPOOL" -type f -delete
	post
	again
	left defer 'T451 ann' '! 0 451 4.3.0 later' || return
	{ hello; mail; printf '%s\n' 'expect RCPT' 'say 250 ok'; data; printf '%s\n' text 'say 451 4.3.0 odd'; bye; } |
		dialogue
	find "$SPOOL" -type f -delete
	post
	again
	left defer 'T451 ann' '! 0 451 4.3.0 odd'
}

@test "a refusal of the sender or of the text is not noted as the recipient's, even where there is but one" {
	both_ways mail_for_one
}

behind_a_refused_mail()
{
	# what the server says behind it is nobody's, whatever it is
	{
		hello
		echo 'expect MAIL
			say 451 4.3.0 later
			expect RCPT
			say 550 5.1.1 no sender
			expect RCPT
			say 450 4.1.1 no sender
			expect RCPT
			say 503 5.5.1 no sender
			expect DATA
			say 554 5.5.1 no sender'
		bye
	} | play
	left defer 'T451 ann' 'T451 bob' 'T451 eve' '! 0 451 4.3.0 later'
}

@test "what is said to RCPT and DATA behind a refused MAIL is nobody's" {
	behind_a_refused_mail
}

one_of_many()
{
	{ hello; replies '250 ok' '550 5.1.1 gone' '250 ok'; data; taken; bye; } | play
	left fail 'D250 ann' 'F550 bob' 'D250 eve' '! 2 550 5.1.1 gone' || return
	{ hello; replies '450 4.2.0 wait' '250 ok' '250 ok'; data; taken; bye; } | play
	left defer 'T450 ann' 'D250 bob' 'D250 eve' '! 1 450 4.2.0 wait' || return
	{ hello; replies '450 4.2.0 wait' '550 5.1.1 gone' '250 ok'; data; taken; bye; } | play
	left defer 'T450 ann' 'F550 bob' 'D250 eve' '! 2 550 5.1.1 gone' '! 1 450 4.2.0 wait' || return
	{ hello; replies '250 ok' '503 5.5.1 what' '502 no'; data; taken; bye; } | play
	left defer 'D250 ann' 'T503 bob' 'T502 eve' '! 2 451 answered: 503 5.5.1 what'
}

@test "one RCPT of many refused: that one alone" {
	both_ways one_of_many
}

all_of_them()
{
	{ hello; replies '550 5.1.1 a' '551 5.1.6 b' '553 5.1.3 c'; data_for_nobody; bye; } | play
	left fail 'F550 ann' 'F551 bob' 'F553 eve' '! 1 550 5.1.1 a' '! 2 551 5.1.6 b' '! 3 553 5.1.3 c' || return
	{ hello; replies '450 4.2.0 a' '451 4.7.1 b' '451 4.7.1 b'; data_for_nobody '503 5.5.1 no'; bye; } | play
	left defer 'T450 ann' 'T451 bob' 'T451 eve' '! 0 451 4.7.1 b' || return
	{ hello; replies '450 4.2.0 a' '550 5.1.1 b' '450 4.2.0 a'; data_for_nobody '451 4.5.0 no'; bye; } | play
	left defer 'T450 ann' 'F550 bob' 'T450 eve' '! 2 550 5.1.1 b' '! 0 450 4.2.0 a'
}

@test "all RCPT refused: each for its own reason, and what DATA got is nobody's" {
	both_ways all_of_them
}

lone_dot()
{
	{
		hello
		replies '550 5.1.1 gone' '450 4.2.0 wait' '550 5.1.1 gone'
		echo "expect DATA\$
			say 354 go on
			expect .\$
			say $1"
		bye
	} | play
	left defer 'F550 ann' 'T450 bob' 'F550 eve' '! 1 550 5.1.1 gone' '! 3 550 5.1.1 gone' '! 2 450 4.2.0 wait'
}

@test "DATA accepted for nobody gets a lone dot, whose reply is nobody's" {
	for reply in '554 5.5.1 no valid recipients' '503 5.5.1 no' '250 2.0.0 thanks for nothing' '451 4.3.0 x'; do
		lone_dot "$reply"
	done
}

@test "behind a lone dot the next envelope goes on, after RSET and in the same group" {
	{
		hello
		echo 'expect MAIL
			say 250 ok
			expect RCPT
			say 550 5.1.1 gone
			expect DATA
			say 354 go on
			expect .$
			expect RSET
			expect MAIL
			expect RCPT TO:<bob@
			expect DATA
			say 554 5.5.1 no valid recipients
			say 250 ok
			say 250 ok
			say 250 ok
			say 354 go on'
		taken
		bye
	} | dialogue
	post
	post bob@example.com
	again
	left 'done' 'D250 bob' fail 'F550 ann' '! 1 550 5.1.1 gone'
}

at_data()
{
	{ hello; replies '250 ok' '550 5.1.1 gone' '250 ok'; echo 'expect DATA
		say 554 5.7.1 no'; bye; } | play
	left fail 'F554 ann' 'F550 bob' 'F554 eve' '! 2 550 5.1.1 gone' '! 0 554 5.7.1 no' || return
	{ hello; replies '250 ok' '450 4.2.0 wait' '250 ok'; echo 'expect DATA
		say 451 4.3.0 later'; bye; } | play
	left defer 'T451 ann' 'T450 bob' 'T451 eve' '! 0 451 4.3.0 later' || return
	{ hello; replies '250 ok' '450 4.2.0 wait' '550 5.1.1 gone'; echo 'expect DATA
		say 503 5.5.1 no'; bye; } | play
	left defer 'T503 ann' 'T450 bob' 'F550 eve' '! 3 550 5.1.1 gone' '! 2 450 4.2.0 wait'
}

@test "DATA refused: all that were accepted, and nobody else" {
	both_ways at_data
}

at_the_text()
{
	local code mark
	for code in 554:F 550:F 552:F 451:T 452:T; do
		mark=${code#*:}
		code=${code%:*}
		{ hello; replies '250 ok' '550 5.1.1 gone' '250 ok'; data; echo "text
			say $code 5.6.0 odd"; bye; } | play
		case $mark in
		F) left fail "F$code ann" 'F550 bob' "F$code eve" '! 2 550 5.1.1 gone' "! 0 $code 5.6.0 odd" || return ;;
		T) left defer "T$code ann" 'F550 bob' "T$code eve" '! 2 550 5.1.1 gone' "! 0 $code 5.6.0 odd" || return ;;
		esac
	done
	{ hello; replies '250 ok' '450 4.2.0 wait' '250 ok'; data; echo 'text
		say 503 5.5.1 no'; bye; } | play
	left defer 'T503 ann' 'T450 bob' 'T503 eve' '! 0 451 answered: 503 5.5.1 no'
}

@test "the text refused: all that were accepted, and nobody else" {
	both_ways at_the_text
}

@test "a refused text is not the next envelope's, whose commands came with its end" {
	{
		hello
		mail
		echo 'expect RCPT
			say 250 ok'
		data
		echo 'text
			expect MAIL
			expect RCPT TO:<bob@
			expect DATA
			say 554 5.6.0 spam
			say 250 ok
			say 250 ok
			say 354 go on'
		taken
		bye
	} | dialogue
	post
	post bob@example.com
	again
	left 'done' 'D250 bob' fail 'F554 ann' '! 0 554 5.6.0 spam'
}

different_reasons()
{
	{
		hello
		echo 'expect MAIL FROM:<news+ann=example.com@
			say 550 5.7.1 not for ann'
		behind 1
		rset
		echo 'expect MAIL FROM:<news+bob=example.com@
			say 250 ok
			expect RCPT
			say 250 ok'
		data
		echo 'text'
		if [ "$HOW" = groups ]; then echo 'expect MAIL FROM:<news+eve=example.com@
			say 554 5.6.0 not for bob'
		else echo 'say 554 5.6.0 not for bob
			expect MAIL FROM:<news+eve=example.com@'; fi
		echo 'say 250 ok
			expect RCPT
			say 250 ok'
		data
		taken
		bye
	} | dialogue
	find "$SPOOL" -type f -delete
	printf '%s@example.com\n' ann bob eve | ml-explode -f news@example.org -V += -m <(letter) "$SPOOL"
	again
	left fail 'F550 ann' 'F554 bob' 'D250 eve' '! 0 550 5.7.1 not for ann' '! 0 554 5.6.0 not for bob'
}

@test "with a return path for each a refusal of MAIL or text is that one's, and each code has its note" {
	both_ways different_reasons
}

too_many()
{
	local how=$1 reply=$2
	{
		hello
		replies '250 ok' '250 ok' "$reply"
		data
		echo text
		if [ "$HOW" = groups ]; then
			echo 'expect MAIL
				expect RCPT TO:<eve@
				expect DATA
				say 250 2.0.0 taken
				say 250 ok'
		else
			echo 'say 250 2.0.0 taken
				expect MAIL
				say 250 ok
				expect RCPT TO:<eve@'
		fi
		case $how in
		many)
			echo 'say 250 ok'
			if [ "$HOW" = groups ]; then echo 'say 354 go on'; else data; fi
			taken
			;;
		full)
			echo "say $reply"
			if [ "$HOW" = groups ]; then echo 'say 554 5.5.1 no valid recipients'; fi
			;;
		esac
		bye
	} | play
}

limits()
{
	too_many many '452 4.5.3 too many recipients' &&
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || return
	too_many many '452 too many recipients' &&
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || return
	too_many many '552 5.5.3 too many recipients' &&
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || return
	too_many many '552 too many recipients' &&
		left 'done' 'D250 ann' 'D250 bob' 'D250 eve' || return
	too_many full '452 many or full' &&
		left defer 'D250 ann' 'D250 bob' 'T452 eve' '! 3 452 many or full' || return
	too_many full '552 many or full' &&
		left fail 'D250 ann' 'D250 bob' 'F552 eve' '! 3 552 many or full'
}

@test "452 for too many recipients, and 552 where it means that: the rest goes with the next transaction" {
	both_ways limits
}

full()
{
	{ hello; replies '250 ok' '452 4.2.2 mailbox full' '250 ok'; data; taken; bye; } | play
	left defer 'D250 ann' 'T452 bob' 'D250 eve' '! 2 452 4.2.2 mailbox full' || return
	{ hello; replies '250 ok' '552 5.2.2 mailbox full' '250 ok'; data; taken; bye; } | play
	left fail 'D250 ann' 'F552 bob' 'D250 eve' '! 2 552 5.2.2 mailbox full' || return
	{ hello; replies '452 4.5.3 too many' '452 4.5.3 too many' '452 4.5.3 too many'; data_for_nobody; bye; } | play
	left defer 'T452 ann' 'T452 bob' 'T452 eve' '! 0 452 4.5.3 too many' || return
	{ hello; replies '250 ok' '452 4.3.1 disk full' '250 ok'; data; taken; bye; } | play
	left defer 'D250 ann' 'T452 bob' 'D250 eve' '! 2 452 4.3.1 disk full'
}

@test "452 for a full mailbox or disk, or before anybody was accepted, is a refusal for now" {
	both_ways full
}

nested()
{
	{
		hello
		echo 'expect MAIL
			say 503 5.5.1 nested MAIL command'
		behind
		rset
		replies '250 ok' '550 5.1.1 gone' '250 ok'
		data
		taken
		bye
	} | play
	left fail 'D250 ann' 'F550 bob' 'D250 eve' '! 2 550 5.1.1 gone' || return
	{
		hello
		echo 'expect MAIL
			say 503 5.5.1 nested MAIL command'
		behind
		rset
		echo 'expect MAIL
			say 503 5.5.1 nested MAIL command'
		behind
		bye
	} | play
	left defer 'T503 ann' 'T503 bob' 'T503 eve' '! 0 451 answered: 503 5.5.1 nested MAIL command'
}

@test "503 for a nested MAIL: once more behind RSET, and no verdict" {
	both_ways nested
}

@test "no text, not even an empty one, goes to recipients that were taken for another sender" {
	{
		hello
		echo 'expect MAIL
			say 503 5.5.1 nested MAIL command
			repeat 3
			expect RCPT
			say 250 2.1.5 ok
			end
			expect DATA
			say 354 go on
			gone'
		hello
		mail
		everyone
		data
		taken
		bye
	} | play
	left 'done' 'D250 ann' 'D250 bob' 'D250 eve'
}

rset_after()
{
	{
		hello
		echo 'expect MAIL
			say 250 ok
			expect RCPT
			say 550 5.1.1 gone'
		data_for_nobody
		rset
		mail
		echo 'expect RCPT TO:<bob@
			say 250 ok'
		data
		taken
		bye
	} | dialogue
	find "$SPOOL" -type f -delete
	post
	post bob@example.com
	again
	left 'done' 'D250 bob' fail 'F550 ann' '! 1 550 5.1.1 gone'
}

@test "a transaction that ended without a text is followed by RSET" {
	both_ways rset_after
}

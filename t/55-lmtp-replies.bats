#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# LMTP, reply by reply: what is owed after a text, and what a server does instead.
# shellcheck disable=SC2030,SC2031,SC2154

load lib
load peer

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# A dialogue up to the reply to DATA, with bob and eve accepted, ann refused.
up_to_data()
{
	printf '%s\n' accept 'say 220 peer LMTP' 'expect LHLO' 'say 250-peer' "say 250 ${1:-PIPELINING}" \
		'expect MAIL' 'say 250 ok' 'expect RCPT' 'say 550 5.1.1 no' 'expect RCPT' 'say 250 ok' \
		'expect RCPT' 'say 250 ok' 'expect DATA'
}

plays()
{
	dialogue <script.in
	CODE=0
	timeout 20 ml-runner -1q "$@" "$SPOOL" lmtp 127.0.0.1 "$PORT" 2>err || CODE=$?
	said
}

# What the spool holds of them.
has()
{
	output=$(grep -rhE '^[TDF!]' "$SPOOL"/{new,defer,fail,done} | sed 's/@example.com//')
	assert_lines "$(printf '%s\n' "$@")"
}

@test "each recipient's reply counts where the text is refused before its end" {
	{ letter; head -c 8000000 /dev/zero | tr '\0' x | fold -w 80; echo; } |
		ml-enqueue -f news@example.org "$SPOOL" {ann,bob,eve}@example.com
	{ up_to_data; printf '%s\n' 'say 354 go' 'say 552 5.3.4 too big' 'say 452 4.2.2 full' close; } >script.in
	plays
	[ "$CODE" -eq 0 ]
	has 'F550 ann' 'F552 bob' 'T452 eve' '! 1 550 5.1.1 no' '! 2 552 5.3.4 too big' '! 3 452 4.2.2 full'
}

@test "a connection that goes between the replies leaves only those that were owed" {
	post {ann,bob,eve}@example.com
	{
		up_to_data SIZE
		printf '%s\n' 'say 354 go' text 'say 250 2.0.0 filed' close
		printf '%s\n' accept 'say 220 peer LMTP' 'expect LHLO' 'say 250 peer' 'expect MAIL' 'say 250 ok' \
			'expect RCPT TO:<eve' 'say 250 ok' 'expect DATA' 'say 354 go' text 'say 250 2.0.0 filed' \
			'expect QUIT' 'say 221 bye' gone
	} >script.in
	plays
	[ "$CODE" -eq 0 ]
	has 'F550 ann' 'D250 bob' 'D250 eve' '! 1 550 5.1.1 no'
}

@test "DATA accepted for nobody is answered with nothing, and the session is changed" {
	post ann@example.com
	{
		printf '%s\n' accept 'say 220 peer' 'expect LHLO' 'say 250-peer' 'say 250 PIPELINING' \
			'expect MAIL' 'say 250 ok' 'expect RCPT' 'say 550 5.1.1 no' 'expect DATA' 'say 354 go' close
	} >script.in
	plays
	has 'F550 ann' '! 1 550 5.1.1 no'
}

@test "a multi-line reply is one, and windows are not used" {
	post ann@example.com bob@example.com
	printf '%s\n' accept 'say 220-peer' 'say 220 LMTP' 'expect LHLO' 'say 250-peer' 'say 250-CHUNKING' \
		'say 250 PIPELINING' 'expect MAIL' 'say 250 ok' 'expect RCPT' 'say 250-o' 'say 250 k' 'expect RCPT' \
		'say 250 ok' 'expect DATA' 'say 354 go' text 'say 250-2.0.0 one' 'say 250 2.0.0 filed' 'say 451-a' \
		'say 451 b' 'expect QUIT' 'say 221 bye' gone >script.in
	plays -w 8
	has 'D250 ann' 'T451 bob' '! 2 451 a b'
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# -a: who we are, told only where nobody reads along, and repeated to nobody.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load peer
load relay

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	(umask 077; printf 'ann:secret-word\n' >file)
	PLAIN=$(printf '\0ann\0secret-word' | base64)
}

# An answer to EHLO that offers AUTH so, and what it says of it.
offers()
{
	printf '%s\n' accept 'say 220 peer' 'expect EHLO' 'say 250-peer' "say 250 $1"
	shift
	printf '%s\n' "$@"
}

message()
{
	printf '%s\n' 'expect MAIL' 'say 250 ok' 'expect RCPT' 'say 250 ok' 'expect DATA' 'say 354 go' text \
		'say 250 taken' 'expect QUIT' 'say 221 bye' gone
}

with_auth()
{
	timeout 20 ml-runner -1 -a file "$@" "$SPOOL" smtp 127.0.0.1 "$PORT"
}

# down_with REASON [OPTIONS]: the MTA is down with this reason, the envelope as new; nothing that is seen holds a secret.
down_with()
{
	run -75 --separate-stderr with_auth "${@:2}"
	assert_stderr "down to=127.0.0.1:$PORT error=\"$1\""
	grep -qx "T000 ann@example.com" "$SPOOL"/new/*
}

@test "AUTH PLAIN goes before the first message of each session" {
	sink -A
	rule 'auth ann:secret-word 235 2.7.0 welcome' 'auth * 535 5.7.8 no'
	explode 4 -n 1
	run -0 --separate-stderr with_auth -c 2
	[ "$(delivered)" -eq 4 ]
	[ "$(commands AUTH | sort -u)" = "AUTH PLAIN $PLAIN" ]
	[ "$(commands AUTH | wc -l)" -eq "$(event connect)" ]
	[ "$(event early)" -eq 0 ]
	run ! grep -e secret-word -e "$PLAIN" <<<"$stderr"
}

@test "the file has user:password in a line, or each in a line of its own" {
	local text
	sink -A
	rule 'auth ann@b:c:pass word 235 yes' 'auth * 535 no'
	for text in 'ann@b:c\npass word\n' 'ann@b:c\r\npass word\r\n' 'ann@b:c\npass word'; do
		# shellcheck disable=SC2059
		printf "$text" >file
		post
		run -0 --separate-stderr with_auth
	done
	rule 'auth ann:pass:word 235 yes' 'auth * 535 no'
	printf 'ann:pass:word' >file
	post
	run -0 --separate-stderr with_auth
	[ "$(delivered)" -eq 4 ]
}

@test "refused credentials are a server that is down: nothing is claimed, no attempt is spent" {
	sink -A
	rule 'auth * 535 5.7.8 go away'
	post
	down_with '535 5.7.8 go away'
	rule 'auth * 454 4.7.0 not now'
	down_with '454 4.7.0 not now'
	[ "$(commands MAIL | wc -l)" -eq 0 ]
	[ "$(commands QUIT | wc -l)" -eq 2 ]
}

@test "a file that was changed counts from the next session on" {
	sink -A
	rule 'auth ann:other 235 yes' 'auth * 535 no'
	post
	start ml-runner -a file "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for grep -q '^down ' "$PID_ERR"
	grep -q '^last 535 no' "$SPOOL"/run/[0-9]* || wait_for grep -q '^last 535 no' "$SPOOL"/run/[0-9]*
	rm file
	kill -s ALRM "$PID"
	wait_for grep -q 'error="file: No such file or directory"' "$PID_ERR"
	(umask 077; printf 'ann:other' >file)
	kill -s ALRM "$PID"
	wait_for has_delivered 1
}

@test "a server that says more than a welcome is down, and is not connected to again and again" {
	post
	{
		echo 'repeat 20'
		offers 'AUTH PLAIN' 'expect AUTH' 'send 235 2.7.0 welcome\r\n421 4.7.0 too busy\r\n' close end
	} >script.in
	dialogue <script.in
	down_with 'the server spoke unasked'
	[ "$(grep -ac ^EHLO heard)" -eq 1 ]
}

# What each of AUTH's steps gets instead of an answer, and what is said of that.
instead()
{
	local step steps=('expect AUTH LOGIN$' 'say 334 a' 'expect YW5u$' 'say 334 b' 'expect c2VjcmV0LXdvcmQ=$')
	post
	for step in 1 3 5; do
		{ offers 'AUTH LOGIN' "${steps[@]:0:step}"; printf '%s\n' "$1"; } | dialogue
		down_with "$2" "${@:3}" || { echo "at step $step"; return 1; }
		said || return
	done
	{ offers 'AUTH PLAIN' "expect AUTH PLAIN $PLAIN\$"; printf '%s\n' "$1"; } | dialogue
	down_with "$2" "${@:3}" && said
}

@test "421, the end, or silence at any step of AUTH: down, with that reason" {
	instead $'say 421 4.3.2 bye\nexpect QUIT' '421 4.3.2 bye'
	instead $'say 421 4.3.2 bye\nclose' '421 4.3.2 bye'
	instead close 'connection closed by the server'
	instead reset 'Connection reset by peer'
	instead gone 'timed out' -t 1
}

@test "LOGIN is spoken where only that is offered, and AUTH= is understood" {
	post
	{
		offers 'auth=CRAM-MD5 login' 'expect AUTH LOGIN$' 'say 334 VXNlcm5hbWU6' 'expect YW5u$' \
			'say 334 UGFzc3dvcmQ6' "expect $(printf secret-word | base64)\$" 'say 235 ok'
		message
	} >script.in
	dialogue <script.in
	run -0 --separate-stderr with_auth -q
	said
	post
	{
		offers 'AUTH LOGIN PLAIN' "expect AUTH PLAIN $PLAIN\$" 'say 235 ok'
		message
	} >script.in
	dialogue <script.in
	run -0 --separate-stderr with_auth -q
	said
	run ! grep -e secret -e "$PLAIN" <<<"$stderr"
}

@test "what is too long for a command goes after it, as does what is asked for again" {
	(umask 077; printf 'ann\n%0400d\n' 7 >file)
	PLAIN=$(printf '\0ann\0%0400d' 7 | base64 -w 0)
	post
	{
		offers 'AUTH PLAIN' 'expect AUTH PLAIN$' 'say 334 ' "expect $PLAIN\$" 'say 235 ok'
		message
	} >script.in
	dialogue <script.in
	run -0 --separate-stderr with_auth
	said
	(umask 077; printf 'ann:secret-word' >file)
	PLAIN=$(printf '\0ann\0secret-word' | base64)
	post
	{
		offers 'AUTH PLAIN' "expect AUTH PLAIN $PLAIN\$" 'say 334 what?' "expect $PLAIN\$" 'say 235 ok'
		message
	} >script.in
	dialogue <script.in
	run -0 --separate-stderr with_auth
	said
}

@test "a server that never has enough is left" {
	post
	offers 'AUTH LOGIN' 'expect AUTH LOGIN' 'say 334 a' 'expect YW5u' 'say 334 b' 'expect c2VjcmV0LXdvcmQ=' \
		'say 334 c' 'expect \*$' 'say 501 5.0.0 cancelled' 'expect QUIT' 'say 221 bye' gone >script.in
		dialogue <script.in
	down_with '501 5.0.0 cancelled'
	said
}

@test "a server that knows no AUTH, or none that we know, is down with that reason" {
	post
	sink
	down_with 'the server offers neither AUTH PLAIN nor LOGIN'
	[ "$(commands AUTH | wc -l)" -eq 0 ]
	offers 'AUTH CRAM-MD5 XPLAIN' 'expect QUIT' 'say 221 bye' gone >script.in
	dialogue <script.in
	down_with 'the server offers neither AUTH PLAIN nor LOGIN'
	said
}

@test "what a server repeats of the credentials is in no log and no file" {
	local echo
	post
	for echo in "unknown: AUTH PLAIN $PLAIN" "unknown: <auth plain ${PLAIN:0:11}...>" \
		"ann, your password is Secret-Word!"; do
		offers 'AUTH PLAIN' 'expect AUTH' "say 500 5.5.2 $echo" 'expect QUIT' 'say 221 bye' gone >script.in
		dialogue <script.in
		start ml-runner -a file "$SPOOL" smtp 127.0.0.1 "$PORT"
		wait_for grep -q '^down ' "$PID_ERR"
		wait_for grep -q '^last 500' "$SPOOL"/run/[0-9]*
		run ! grep -riE -e 'secret' -e "${PLAIN:0:11}" "$PID_ERR" "$SPOOL/run"
		stop "$PID"
		said
	done
}

@test "a file that others may read, or that holds no credentials, refuses to start" {
	# refused CODE REASON
	refused()
	{
		run "-$1" --separate-stderr ml-runner -1 -a file "$SPOOL" smtp 127.0.0.1 1
		assert_stderr "ml-runner: file: $2"
	}
	local m
	for m in 640 604 620 601; do
		chmod "$m" file
		refused 77 'others have a permission on it: chmod 600'
	done
	chmod 600 file
	printf 'ann\n' >file
	refused 65 'neither USER:PASSWORD nor two lines'
	printf 'ann:\n' >file
	refused 65 'an empty name or password'
	printf 'ann\nb\nc\n' >file
	refused 65 'more than two lines'
	printf 'ann:a\0b' >file
	refused 65 'a NUL in it'
	printf 'ann:%01000d' 1 >file
	refused 65 'too long'
	: >file
	refused 65 'neither USER:PASSWORD nor two lines'
	rm file
	refused 69 'No such file or directory'
	mkdir -m 700 file
	refused 77 'not a regular file'
	rmdir file
	mkfifo -m 600 file
	refused 77 'not a regular file'
	[ -z "$(tree)" ]
}

@test "a file that belongs to somebody else refuses to start" {
	[ "$(id -u)" -eq 0 ] || skip "only root can give files away"
	chown 65534 file
	run -77 --separate-stderr ml-runner -1 -a file "$SPOOL" smtp 127.0.0.1 1
	assert_stderr 'ml-runner: file: belongs to somebody else'
}

@test "credentials never go in the clear to another host; through a command, or on this one, they do" {
	local host
	for host in 192.0.2.1 2001:db8::1 0.0.0.0 ::ffff:192.0.2.1; do
		run -64 --separate-stderr ml-runner -1 -a file "$SPOOL" smtp "$host" 587
		assert_stderr "ml-runner: $host: credentials never go in the clear to another host"
		run -64 --separate-stderr ml-runner -1 -a file "$SPOOL" lmtp "$host" 24
	done
	run -64 --separate-stderr ml-runner -1 -a file "$SPOOL" pipe cat
	assert_stderr 'ml-runner: -a: a command takes no credentials'
	sink -A
	relay
	post
	run -0 --separate-stderr ml-runner -1 -a file "$SPOOL" smtp-over ./relay
	post
	run -0 --separate-stderr client ml-runner -1 -a file "$SPOOL" ucspi
	post
	run -0 --separate-stderr ml-runner -1 -a file "$SPOOL" smtp localhost "$PORT"
	post
	run -0 --separate-stderr ml-runner -1 -a file "$SPOOL" lmtp 127.0.0.1 "$PORT"
	[ "$(delivered)" -eq 4 ]
	[ "$(commands AUTH | wc -l)" -eq 4 ]
	start "$SINK" -A -T 60 -l log2 -p port2 "$BATS_TEST_TMPDIR/socket"
	wait_for test -e port2
	post
	run -0 --separate-stderr ml-runner -1 -a file "$SPOOL" smtp ./socket
}

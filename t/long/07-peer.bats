#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The scripted SMTP server of the tests: it says what it was told to, and notices what differs.
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib
load ../peer

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
}

dial()
{
	exec {FD}<>"/dev/tcp/127.0.0.1/$PORT"
}

hang_up()
{
	exec {FD}>&-
}

tell()
{
	# shellcheck disable=SC2059
	printf "$@" >sent
	cat sent >&"$FD"
}

hears()
{
	local line
	IFS= read -r -t 10 -u "$FD" line
	[ "$line" = "$1"$'\r' ] || { echo "heard '$line'"; return 1; }
}

# The script ended with 1 and this line.
stopped_with()
{
	status=0
	wait "$PEER" || status=$?
	[ "$status" -eq 1 ]
	run cat "$PEER_ERR"
	assert_lines "peer: $BATS_TEST_TMPDIR/script:$1"
}

@test "a dialogue that goes as written ends with 0, and all octets received are in the log" {
	dialogue <<-'EOS'
	# a comment
	accept
		say 220 hi
	expect EHLO
	send 250-a\r\n25
	say 0 \x41\102\tC\\

	repeat 2
	expect MAIL FROM:<*>$
	say 250 ok
	end
	text
	bdat
	bdat last
	expect QUIT
	gone
	EOS
	dial
	hears '220 hi'
	tell 'EHLO me\r\nMAIL FROM:<a>\r\nMAIL FROM:<b>\r\n.a\r\n..\r\n.\r\nBDAT 3\r\n\r\nxBDAT 0 LAST\r\nQUIT\r\n'
	for line in 250-a $'250 AB\tC\\' '250 ok' '250 ok'; do hears "$line"; done
	hang_up
	said
	run cmp heard sent
	[ "$status" -eq 0 ]
}

# differs STATEMENT OCTETS WHY
differs()
{
	dialogue <<<$'accept\n'"$1"
	dial
	tell "$2"
	hang_up
	stopped_with "2: $1: $3"
}

@test "what differs from the script is named, with the line" {
	differs 'expect RCPT' 'MAIL FROM:<>\r\n' "got 'MAIL FROM:<>'"
	differs 'expect MAIL$' 'MAIL X\r\n' "got 'MAIL X'"
	differs 'expect MAIL' 'MAIL\n' 'a line that ends in LF alone'
	differs 'expect MAIL' 'MAIL' 'the client closed'
	differs 'text ' 'a\r\n.\r' 'the client closed'
	differs 'bdat last' 'BDAT 2\r\nab' "got 'BDAT 2'"
	differs 'bdat ' 'BDAT 2\r\na' 'the client closed with 1 octets to come'
	differs 'gone ' 'NOOP\r\n' "'NOOP' came instead of the end"
	differs 'send \q' '' "unknown escape '\\q'"
	differs 'delay x' '' "'x' does not begin with a number"
}

@test "a script that makes no sense is refused at once" {
	for pair in frob:'unknown statement' 'end:nothing to end' 'repeat 2:no end'; do
		echo "${pair%%:*}" >script
		run -65 --separate-stderr "$BIN/../t/peer" script 127.0.0.1 0
		assert_stderr "peer: script:1: ${pair#*:}"
	done
}

@test "after its time it gives up, and says where" {
	dialogue -T 1 <<<accept
	stopped_with '1: accept : waited in vain'
}

@test "lockstep: input that comes before a reply has left ends the play" {
	dialogue <<-'EOS'
	accept
	lockstep on
	expect MAIL
	say 250 ok
	expect RCPT
	say 250 ok
	EOS
	dial
	tell 'MAIL FROM:<>\r\n'
	hears '250 ok'
	tell 'RCPT TO:<a@example.org>\r\nDATA\r\n'
	stopped_with '6: say 250 ok: something came before this reply'
}

@test "flood sends until the client hangs up, and says how much" {
	dialogue <<-'EOS'
	accept
	flood 100 250-x\r\n
	flood 200000000 250-x\r\n
	EOS
	dial
	hears 250-x
	hang_up
	said
	run cat "$PEER_OUT"
	[ "${lines[0]}" -eq 700 ]
	[ "${lines[1]}" -lt 10000000 ]
}

@test "stalled waits until the client can't go on; what it sent is still there" {
	dialogue <<-'EOS'
	window 4096
	accept
	stalled 50
	say 250 now
	text
	gone
	EOS
	dial
	head -c 2800000 /dev/zero | tr '\0' x | fold -w 70 | sed 's/$/\r/' >long
	printf '\n.\r\n' >>long
	cat long >&"$FD" &
	hears '250 now'
	wait $!
	hang_up
	said
}

@test "close, reset and gone end a connection, accept takes the next" {
	dialogue <<-'EOS'
	accept
	say 221 bye
	close
	accept
	reset
	accept
	split on
	say 220 hi
	gone
	EOS
	dial
	hears '221 bye'
	run -1 hears ''
	hang_up
	dial
	run -1 hears ''
	hang_up
	dial
	hears '220 hi'
	hang_up
	said
}

@test "it listens at a path as well" {
	echo accept >script
	start "$BIN/../t/peer" -p port script "$BATS_TEST_TMPDIR/socket"
	PEER=$PID PEER_ERR=$PID_ERR
	wait_for test -s port
	mkspool
	post
	run ml-runner -1q "$SPOOL" smtp "$BATS_TEST_TMPDIR/socket"
	[ "$status" -eq 75 ]
	said
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The SMTP receiver of the tests: what it says, what it logs, how it misbehaves when told to.
# shellcheck disable=SC2030,SC2031,SC2154
# not tested: a conversation over a local socket (bash has no client for one).

load ../lib

setup()
{
	SINK=${SINK:-$BATS_TEST_DIRNAME/../../build/t/sink}
	cd "$BATS_TEST_TMPDIR" || exit
}

# A sink with these options; its port in PORT, its log in ./log.
sink()
{
	rm -f port
	start "$SINK" -T 60 -l log -p port "$@" 127.0.0.1 0
	wait_for test -e port
	PORT=$(cat port)
}

# Connects as FD; with an argument says EHLO as well.
dial()
{
	exec {FD}<>"/dev/tcp/127.0.0.1/$PORT" || return
	[ $# -eq 0 ] || { expect 220; say "EHLO $1"; expect 250; }
}

hang_up()
{
	exec {FD}>&-
}

# Octets as they are, in one write.
send()
{
	# shellcheck disable=SC2059
	printf "$@" >sent
	cat sent >&"$FD"
}

say()
{
	send '%s\r\n' "$@"
}

# One reply, its lines joined with |, into ANSWER.
answer()
{
	local line
	ANSWER=
	while IFS= read -r -t 10 -u "$FD" line; do
		line=${line%$'\r'}
		ANSWER+=${ANSWER:+|}$line
		[[ $line == ???-* ]] || return 0
	done
	echo "no reply, but: '$ANSWER'"
	return 1
}

# The next replies begin with these.
expect()
{
	local want
	for want; do
		answer || return
		[[ $ANSWER == "$want"* ]] && continue
		echo "expected $want, got $ANSWER"
		return 1
	done
}

# The server closed, and said nothing more before.
gone()
{
	local line status=0
	IFS= read -r -t 10 -u "$FD" line 2>/dev/null || status=$?
	echo "read: $status '$line'"
	[ "$status" -eq 1 ] && [ -z "$line" ]
}

# A message, pipelined as far as that goes.
deliver()
{
	say 'MAIL FROM:<me@example.org>' "RCPT TO:<${1:-ann@example.com}>" DATA
	expect 250 250 354
	say 'Subject: x' '' "${2:-hello}" .
}

bye()
{
	say QUIT
	expect 221
	gone
	hang_up
}

logged()
{
	grep -qxF -- "$1" log
}

# Accepted recipients: session sender recipient octets checksum
accepted()
{
	grep -v '^#' log | cut -f 2- | tr '\t' ' '
}

refuses_connections()
{
	! (exec 9<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}

@test "a message is taken and logged once for each recipient, with size and checksum" {
	sink
	dial me
	say 'MAIL FROM:<me@example.org>' 'RCPT TO:<ann@example.com>' 'RCPT TO:<bob@example.com>' DATA
	expect '250 2.1.0' '250 2.1.5' '250 2.1.5' 354
	say 'Subject: x' '' ..dot .
	expect '250 2.0.0'
	run accepted
	assert_lines '1 me@example.org ann@example.com 20 79c9349e
1 me@example.org bob@example.com 20 79c9349e'
	bye
	wait_for logged '# close 1'
	[ "$(grep -c '^#' log)" -eq 2 ]
	logged '# connect 1'
}

@test "the log line stands there before the 250 leaves, with the time in microseconds" {
	sink
	dial me
	before=${EPOCHREALTIME/./}
	deliver
	expect 250
	stamp=$(grep -v '^#' log | cut -f 1)
	[ "$stamp" -ge "$before" ]
	[ "$stamp" -le "${EPOCHREALTIME/./}" ]
}

@test "the port file appears with the port in it, and TERM ends the sink quietly" {
	sink
	[[ $PORT =~ ^[0-9]+$ ]]
	[ "$(echo port*)" = port ]
	dial me
	stop "$PID"
	[ "$status" -eq 0 ]
	[ ! -s "$PID_OUT" ]
	[ ! -s "$PID_ERR" ]
	gone
}

@test "after -T seconds the sink ends by itself" {
	sink -T 0
	status=0
	wait "$PID" || status=$?
	[ "$status" -eq 0 ]
}

@test "a sink on a local socket makes it and takes it away" {
	start "$SINK" -T 60 -p port "$BATS_TEST_TMPDIR/socket"
	wait_for test -e port
	[ -S socket ]
	stop "$PID"
	[ "$status" -eq 0 ]
	[ ! -e socket ]
}

@test "wrong usage is refused with 64" {
	for args in '' 'one' '-z 127.0.0.1 0' '-d x 127.0.0.1 0' '-E STARTTLS 127.0.0.1 0'; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr "$SINK" $args
		[ -z "$output" ]
		[[ $stderr == *'usage: sink '* ]]
	done
}

@test "each extension can be taken off the greeting or put on it" {
	sink
	dial
	expect '220 '
	say 'EHLO me'
	expect 250-
	want='250-sink|250-PIPELINING|250-8BITMIME|250-SMTPUTF8|250-SIZE 67108864|250 ENHANCEDSTATUSCODES'
	[ "$ANSWER" = "$want" ]
	stop "$PID"
	sink -PSU8
	dial
	expect 220
	say 'EHLO me'
	expect 250-
	[ "$ANSWER" = '250-sink|250 ENHANCEDSTATUSCODES' ]
	say 'HELO me'
	expect '250 sink'
	stop "$PID"
	sink -CA -x 1000 -E DSN -E XVERP
	dial me
	for word in CHUNKING 'AUTH PLAIN' 'SIZE 1000' DSN XVERP; do
		[[ "|$ANSWER" == *"|250-$word|"* ]]
	done
}

@test "parameters that were not offered get 555" {
	sink -SU8
	dial me
	for word in SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS XVERP FOO=1; do
		say "MAIL FROM:<a@example.org> $word"
		expect '555 5.5.4'
	done
	say 'MAIL FROM:<a@example.org>' 'RCPT TO:<b@example.org> NOTIFY=NEVER'
	expect 250 555
	say RSET 'HELO me' 'MAIL FROM:<> SIZE=1'
	expect 250 250 555
}

@test "parameters that were offered are taken" {
	sink -E DSN -E XVERP
	dial me
	say 'MAIL FROM:<a@example.org> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x XVERP=+=' \
		'RCPT TO:<b@example.org> NOTIFY=FAILURE ORCPT=rfc822;b@example.org'
	expect 250 250
	say RSET 'MAIL FROM:<> BODY=BINARY' 'MAIL FROM:<> SIZE=x'
	expect 250 501 501
}

@test "a size over the limit is refused, announced or not" {
	sink -x 20
	dial me
	say 'MAIL FROM:<a@example.org> SIZE=21'
	expect '552 5.3.4'
	deliver ann@example.com 'more than twenty'
	expect '552 5.3.4'
	deliver ann@example.com x
	expect 250
	run accepted
	assert_lines '1 me@example.org ann@example.com 17 1989bd04'
}

@test "a non-ASCII address needs SMTPUTF8" {
	sink
	dial me
	say 'MAIL FROM:<jürgen@example.org>' 'MAIL FROM:<a@example.org>' 'RCPT TO:<jürgen@example.org>' \
		RSET 'MAIL FROM:<jürgen@example.org> SMTPUTF8' 'RCPT TO:<jürgen@example.org>'
	expect '553 5.6.7' 250 '553 5.6.7' 250 250 250
}

@test "commands out of order get 503" {
	sink -C
	dial
	expect 220
	say 'MAIL FROM:<>'
	expect 503
	say 'EHLO me'
	expect 250
	say 'RCPT TO:<a@example.org>' 'MAIL FROM:<>' 'MAIL FROM:<>' 'BDAT 0 LAST'
	expect 503 250 503 503
	say 'MAIL FROM:<>' DATA
	expect 250 503
}

@test "the other commands are answered" {
	sink
	dial me
	for pair in 'NOOP:250 2.0.0' 'VRFY ann:252' 'RSET:250 2.0.0' 'EXPN x:500' 'mail from:<>:250' \
		'MAIL FROM: <a@example.org>:503' 'RCPT TO:a@example.org:501' 'RCPT TO:<>:501' \
		'RCPT TO:<"a>b"@example.org>:250' 'EHLO:501' 'AUTH PLAIN x:502'; do
		say "${pair%:*}"
		expect "${pair##*:}"
	done
	logged '# rset 1'
	bye
}

@test "a command line that is too long is refused, and the next one understood" {
	sink
	dial me
	say "NOOP $(printf '%05000d' 0)"
	expect '500 5.5.6'
	say NOOP
	expect 250
}

@test "DATA is refused when all recipients were" {
	echo 'rcpt * 550 5.1.1 No such user' >rules
	sink -r rules
	dial me
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA
	expect 250 '550 5.1.1 No such user' '554 5.5.1'
}

@test "a DATA that a rule accepts without recipients gets 554 after its lone dot" {
	printf '%s\n' 'rcpt * 550 no' 'data * 354 go' >rules
	sink -r rules
	dial me
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA
	expect 250 550 '354 go'
	say .
	expect 554
	run accepted
	assert_lines ''
}

@test "only CRLF.CRLF ends a text, and each CR or LF that stands alone is counted" {
	sink -D md
	dial me
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA
	expect 250 250 354
	send 'a\n.\nb\r.\rc\r\n.\n..\r\r\n.\r'
	send '\n'
	expect 250
	logged '# bare 1 6'
	printf 'Return-Path: <>\nDelivered-To: a@example.org\na\n.\nb\r.\rc\n\n..\r\n' >want
	cmp want md/new/*
	send 'NOOP\n'
	expect 250
	logged '# bare 1 1'
}

@test "a text that comes octet by octet is the same text" {
	sink
	dial me
	deliver ann@example.com $'..\r\n...'
	expect 250
	say 'MAIL FROM:<me@example.org>' 'RCPT TO:<ann@example.com>' DATA
	expect 250 250 354
	text=$'Subject: x\r\n\r\n..\r\n...\r\n.\r\n'
	for ((i = 0; i < ${#text}; i++)); do
		printf '%s' "${text:i:1}" >&"$FD"
	done
	expect 250
	run accepted
	[ "${lines[0]}" = "${lines[1]}" ]
}

@test "BDAT takes its octets as they are, in any pieces" {
	sink -C -D md
	dial me
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>'
	send 'BDAT 4\r\n.\r\n\rBDAT 3\r\n\n.\rBDAT 3 LAST\r\n\nx\r'
	expect 250 250 250 250 250
	logged '# bare 1 1'
	printf 'Return-Path: <>\nDelivered-To: a@example.org\n.\n\n.\nx\r' >want
	cmp want md/new/*
	send 'MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 2\r\n\r\nBDAT 0 LAST\r\nNOOP\r\n'
	expect 250 250 250 250 250
}

@test "a window of BDAT transactions in one write is answered in order" {
	echo 'text "two words" 554 5.6.0 no' >rules
	sink -C -r rules
	dial me
	send 'MAIL FROM:<>\r\nRCPT TO:<%s>\r\nBDAT 11 LAST\r\n%s\r\n' \
		a@example.org 'one words' b@example.org 'two words' c@example.org 'six words'
	expect 250 250 250 250 250 554 250 250 250
	[ "$(accepted | cut -d ' ' -f 3 | tr '\n' ' ')" = 'a@example.org c@example.org ' ]
}

@test "octets of a refused BDAT are read and void, and so are later chunks up to LAST" {
	printf '%s\n' 'rcpt bad@* 550 no' 'data slow@* 451 later' >rules
	sink -C -r rules
	dial me
	send 'BDAT 6\r\nNOOP\r\nMAIL FROM:<>\r\nRCPT TO:<bad@example.org>\r\nBDAT 6 LAST\r\nNOOP\r\n'
	expect 503 250 550 554
	send 'MAIL FROM:<slow@example.org>\r\nRCPT TO:<a@example.org>\r\n'
	send 'BDAT 6\r\nNOOP\r\nBDAT 1 LAST\r\nx'
	expect 250 250 '451 later' 503
	send 'MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n'
	send 'BDAT 1\r\nxDATA\r\nRCPT TO:<b@example.org>\r\nRSET\r\n'
	expect 250 250 250 503 503 250
	run accepted
	assert_lines ''
}

@test "BDAT without CHUNKING is refused" {
	sink
	dial me
	send 'MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 6 LAST\r\nNOOP\r\n'
	expect 250 250 502
}

@test "a rule can answer each command, the first that matches wins" {
	cat >rules <<-'EOF'
	# a comment

	connect * 220 hello
	ehlo old 502 5.5.1 what?
	helo new 502 5.5.1 what?
	mail bad@* 550 5.7.1 not you
	mail <> 451 no bounces
	rcpt a@* 550-wrong
	rcpt b@* 452 4.2.2 full
	rcpt b@* 550 never seen
	rcpt c@* 250 2.1.5 of course\nyou are welcome
	data d@* 451 4.3.0 later
	text poison 554 5.6.0 bad text
	text sweet 250 2.0.0 yummy
	EOF
	sed -i '/wrong/d' rules
	sink -r rules
	dial
	expect '220 hello'
	say 'EHLO old'
	expect '502 5.5.1 what?'
	say 'HELO new'
	expect '502 5.5.1 what?'
	say 'EHLO new'
	expect 250-
	say 'MAIL FROM:<bad@example.org>' 'MAIL FROM:<>' 'MAIL FROM:<d@example.org>' \
		'RCPT TO:<b@example.org>' 'RCPT TO:<c@example.org>' DATA
	expect '550 5.7.1 not you' '451 no bounces' '250 2.1.0' '452 4.2.2 full' \
		'250-2.1.5 of course|250 you are welcome' '451 4.3.0 later'
	say RSET
	expect 250
	deliver ann@example.com 'a poison'
	expect '554 5.6.0 bad text'
	deliver ann@example.com 'a sweet'
	expect '250 2.0.0 yummy'
	[ "$(accepted | wc -l)" -eq 1 ]
}

@test "times and after count the matches of a rule" {
	printf '%s\n' 'rcpt a@* times 2 450 wait' 'rcpt b@* after 2 450 enough' \
		'rcpt c@* after 1 times 1 450 second' >rules
	sink -r rules
	dial me
	say 'MAIL FROM:<>' RCPT\ TO:\<{a,b,c}@example.org\>{,,}
	expect 250 '450 wait' '450 wait' 250 250 250 '450 enough' 250 '450 second' 250
}

@test "a greeting with 5xx leaves only QUIT, one with 421 closes" {
	printf '%s\n' 'connect * times 1 554 5.3.2 go away' 'connect * 421 4.3.2 busy' >rules
	sink -r rules
	dial
	expect 554
	say 'EHLO me'
	expect 503
	bye
	dial
	expect '421 4.3.2 busy'
	gone
}

@test "changed rules hold from the next connection or MAIL on" {
	sink -r rules
	dial me
	say 'MAIL FROM:<>' RSET
	expect 250 250
	echo 'mail * 451 one' >rules
	say 'MAIL FROM:<>'
	expect '451 one'
	echo 'mail * 451 two' >rules.new
	mv rules.new rules
	say 'MAIL FROM:<>'
	expect '451 two'
	echo 'connect * 421 three' >rules
	dial
	expect '421 three'
}

@test "HUP reads the rules at once and begins all counts anew" {
	echo 'rcpt * times 1 450 once' >rules
	sink -r rules
	dial me
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' 'RCPT TO:<a@example.org>'
	expect 250 '450 once' 250
	kill -s HUP "$PID"
	again()
	{
		say 'RCPT TO:<a@example.org>'
		answer
		[[ $ANSWER == 450* ]]
	}
	wait_for again
}

@test "a bad rule is refused at the start, and later leaves the rules as they were" {
	for line in 'nophase * 250 x' 'rcpt' 'rcpt *' 'rcpt * frob' 'rcpt * stall' 'rcpt * 99 x' \
		'rcpt * times x drop' 'rcpt * times 1' 'rcpt * dropafter'; do
		printf '# comment\n%s\n' "$line" >rules
		run -65 --separate-stderr "$SINK" -T 1 -r rules 127.0.0.1 0
		[[ $stderr == 'sink: rules: line 2: '* ]]
	done
	echo 'mail * 451 good' >rules
	sink -r rules
	dial me
	echo 'mail * bad' >rules
	say 'MAIL FROM:<>'
	expect '451 good'
	run cat "$PID_ERR"
	assert_lines 'sink: rules: line 1: unknown action'
}

@test "drop closes without an answer, but what was answered before arrives" {
	echo 'rcpt b@* drop' >rules
	sink -r rules
	dial me
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' 'RCPT TO:<b@example.org>' 'RCPT TO:<c@example.org>'
	expect 250 250
	gone
	wait_for logged '# drop 1'
	wait_for logged '# close 1'
	run ! logged '# noquit 1'
}

@test "drop can meet a connection before its greeting" {
	echo 'connect * drop' >rules
	sink -r rules
	dial
	gone
}

@test "dropafter answers and closes; with 2xx to a text the message was taken" {
	printf '%s\n' 'mail bad@* dropafter 421 4.7.0 bye' 'text poison dropafter 451 no' \
		'text * dropafter 250 2.0.0 thanks' >rules
	sink -r rules
	dial me
	say 'MAIL FROM:<bad@example.org>' NOOP
	expect '421 4.7.0 bye'
	gone
	dial me
	deliver ann@example.com poison
	expect '451 no'
	gone
	run accepted
	assert_lines ''
	dial me
	deliver
	expect '250 2.0.0 thanks'
	gone
	[ "$(accepted | wc -l)" -eq 1 ]
}

@test "dropbefore takes the message and never says so" {
	echo 'text * dropbefore' >rules
	sink -r rules -D md
	dial me
	deliver
	gone
	[ "$(accepted | wc -l)" -eq 1 ]
	[ "$(find md/new -type f | wc -l)" -eq 1 ]
}

@test "stall holds one answer back, and everything behind it" {
	echo 'rcpt * times 1 stall 0.5' >rules
	sink -r rules
	dial me
	before=${EPOCHREALTIME/./}
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' NOOP
	expect 250
	wait_for logged '# stall 1'
	expect 250 250
	[ $((${EPOCHREALTIME/./} - before)) -ge 500000 ]
}

@test "a message whose answer is stalled is in the log at once" {
	echo 'text * stall 600' >rules
	sink -r rules
	dial me
	deliver
	wait_for grep -q '^[0-9]' log
	hang_up
}

@test "crash closes everything and comes back on the same port" {
	echo 'text poison times 1 crash 0.3' >rules
	sink -r rules
	dial me
	other=$FD
	dial me
	deliver ann@example.com poison
	gone
	FD=$other
	gone
	logged '# crash 2'
	wait_for dial
	expect 220
	run accepted
	assert_lines ''
}

@test "USR1 closes the listener and all connections, USR2 listens again" {
	sink
	dial me
	kill -s USR1 "$PID"
	gone
	wait_for refuses_connections
	kill -s USR2 "$PID"
	wait_for dial
	expect 220
	dial me
	kill -s USR1 "$PID"
	gone
	wait_for refuses_connections
	stop "$PID"
	[ "$status" -eq 0 ]
}

@test "-n ends a session with 421 after so many messages" {
	sink -n 2
	dial me
	deliver
	expect 250
	deliver
	expect 250
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>'
	expect 421
	gone
	dial me
	deliver
	expect 250
	bye
}

@test "-R refuses the recipients over the limit with 452" {
	sink -R 2
	dial me
	say 'MAIL FROM:<>' RCPT\ TO:\<{a,b,c}@example.org\> DATA
	expect 250 250 250 '452 4.5.3' 354
}

@test "-d delays each reply, but not one after the other" {
	sink -d 200
	dial me
	before=${EPOCHREALTIME/./}
	say 'MAIL FROM:<>' RCPT\ TO:\<{a,b,c}{1..9}@example.org\>
	expect 250 250
	took=$((${EPOCHREALTIME/./} - before))
	[ "$took" -ge 200000 ]
	for i in {1..26}; do expect 250; done
	took=$((${EPOCHREALTIME/./} - before))
	[ "$took" -lt 3000000 ]
}

@test "-B answers in pieces that make the same replies" {
	sink -B
	dial me
	deliver
	expect '250 2.0.0 Ok'
	bye
}

@test "-P notes each command that did not wait for the reply" {
	sink -P
	dial me
	say 'MAIL FROM:<me@example.org>'
	expect 250
	say 'RCPT TO:<a@example.org>'
	expect 250
	say DATA
	expect 354
	say hello .
	expect 250
	run ! grep early log
	say 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA
	expect 250 250 354
	[ "$(grep -c '^# early 1$' log)" -eq 2 ]
}

@test "-P and -d note what comes while the reply is on its way" {
	sink -P -d 1000
	dial
	say 'EHLO me'
	expect 220 250
	[ "$(grep -c '^# early 1$' log)" -eq 1 ]
	say 'MAIL FROM:<>'
	say 'RCPT TO:<a@example.org>'
	expect 250 250
	[ "$(grep -c '^# early 1$' log)" -eq 2 ]
}

@test "with PIPELINING only what must end a group is noted when more comes behind it" {
	sink
	dial me
	deliver
	expect 250
	deliver
	expect 250
	say RSET RSET 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' \
		RSET 'MAIL FROM:<>' 'RCPT TO:<a@example.org>'
	expect 250 250 250 250 250 250 250
	run ! grep early log
	say DATA hello .
	expect 354 250
	[ "$(grep -c '^# early 1$' log)" -eq 1 ]
	say NOOP NOOP
	expect 250 250
	[ "$(grep -c '^# early 1$' log)" -eq 2 ]
}

@test "a connection that ends without QUIT is noted" {
	sink
	dial me
	hang_up
	wait_for logged '# close 1'
	logged '# noquit 1'
	dial me
	bye
	wait_for logged '# close 2'
	run ! logged '# noquit 2'
}

@test "-D files each message once, with its envelope on top and LF line ends" {
	mkdir md
	sink -D md
	dial me
	say 'MAIL FROM:<me@example.org>' RCPT\ TO:\<{a,b}@example.org\> DATA
	expect 250 250 250 354
	say 'Subject: x' '' ..dot .
	expect 250
	[ "$(ls md)" = "$(printf 'cur\nnew\ntmp')" ]
	[ "$(find md -type f | wc -l)" -eq 1 ]
	run cat md/new/*
	assert_lines 'Return-Path: <me@example.org>
Delivered-To: a@example.org
Delivered-To: b@example.org
Subject: x

.dot'
}

@test "a message that can't be filed is refused for now" {
	sink -D md
	dial me
	rm -r md/tmp
	deliver
	expect 451
	run accepted
	assert_lines ''
	mkdir md/tmp
	deliver
	expect 250
}

@test "-v logs every command, with control characters made visible" {
	sink -v
	dial me
	send 'NOOP a\tb\r\n'
	expect 250
	logged '# cmd 1 EHLO me'
	logged '# cmd 1 NOOP a\x09b'
}

@test "LHLO makes it LMTP: one reply for each recipient" {
	printf '%s\n' 'lmtp b@* 452 4.2.2 full' 'text poison 554 no' >rules
	sink -r rules
	dial
	expect 220
	say 'LHLO me'
	expect 250-
	say 'MAIL FROM:<>' RCPT\ TO:\<{a,b,c}@example.org\> DATA
	expect 250 250 250 250 354
	say hello .
	expect 250 '452 4.2.2 full' 250
	[ "$(accepted | cut -d ' ' -f 3 | tr '\n' ' ')" = 'a@example.org c@example.org ' ]
	say 'MAIL FROM:<>' RCPT\ TO:\<{a,b}@example.org\> DATA
	expect 250 250 250 354
	say poison .
	expect 554 554
}

@test "-A wants AUTH PLAIN before MAIL, and a rule can judge the credentials" {
	printf '%s\n' 'auth ann:secret 235 2.7.0 hello ann' 'auth * 535 5.7.8 no' >rules
	sink -A -r rules
	dial me
	say 'MAIL FROM:<>' 'AUTH LOGIN'
	expect 530 504
	say 'AUTH PLAIN AGFubgB3cm9uZw=='
	expect '535 5.7.8'
	say 'AUTH PLAIN !'
	expect 501
	say 'AUTH PLAIN'
	expect 334
	say AGFubgBzZWNyZXQ=
	expect '235 2.7.0 hello ann'
	say 'MAIL FROM:<>'
	expect 250
}

@test "many connections are served at once, each with its own number" {
	sink
	fds=()
	for i in {1..40}; do
		dial me
		fds+=("$FD")
	done
	for FD in "${fds[@]}"; do
		deliver
	done
	for FD in "${fds[@]}"; do
		expect 250
	done
	[ "$(accepted | cut -d ' ' -f 1 | sort -n | uniq | wc -l)" -eq 40 ]
}

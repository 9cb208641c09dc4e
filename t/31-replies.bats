#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What each reply of the MTA means: marks, notes, where the envelope goes, and when it comes again.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# meets [-o OPTIONS] RULE…: a post to ann, bob and eve under these rules; its state is then $output
meets()
{
	local options=-1q
	if [ "$1" = -o ]; then
		options=$2
		shift 2
	fi
	find "$SPOOL" -type f -delete
	rule "$@"
	post ann@example.com bob@example.com eve@example.com
	# shellcheck disable=SC2086
	timeout 20 ml-runner $options "$SPOOL" smtp 127.0.0.1 "$PORT" 2>err || echo "exit $?" >>err
	output=$(state)
}

# Each of them so, in DIR, with a NOTE.
all()
{
	assert_lines "$(printf '%s\n' "$1" "$2 ann@example.com" "$2 bob@example.com" \
		"$2 eve@example.com" ${3:+"$3"})"
}

# Runs "$@" against a receiver with and one without PIPELINING.
both()
{
	local how
	for how in '' -P; do
		# shellcheck disable=SC2086
		sink $how
		echo "with sink $how"
		"$@"
		[ "$(event early)" -eq 0 ]
		stop "$SINK_PID"
		rm -f "$LOG" "$RULES"
	done
}

@test "250 is D, and nothing else in the envelope changes" {
	sink
	post ann@example.com bob@example.com
	sed 's/^T000/D250/' "$SPOOL/new/$NAME" >expected
	runner -1q
	run cmp expected "$(envelopes 'done')"
	[ "$status" -eq 0 ]
	[ -z "$(ls -A "$SPOOL/mess")" ]
}

rcpt_replies()
{
	meets 'rcpt bob@* 550 5.1.1 no such user'
	assert_lines "$(printf '%s\n' fail 'D250 ann@example.com' 'F550 bob@example.com' \
		'D250 eve@example.com' '! 2 550 5.1.1 no such user')" || return
	meets 'rcpt bob@* 450 4.2.1 greylisted'
	assert_lines "$(printf '%s\n' defer 'D250 ann@example.com' 'T450 bob@example.com' \
		'D250 eve@example.com' '! 2 450 4.2.1 greylisted')" || return
	meets 'rcpt ann@* 450 4.2.1 one' 'rcpt * 450 4.2.1 many'
	all defer T450 '! 0 450 4.2.1 many' || return
	meets 'rcpt * 550 5.7.1 away\nwith you'
	all fail F550 "$(printf '! %d 550 5.7.1 away with you\n' 1 2 3)" || return
	meets 'rcpt bob@* 552 5.2.2 full'
	assert_lines "$(printf '%s\n' fail 'D250 ann@example.com' 'F552 bob@example.com' \
		'D250 eve@example.com' '! 2 552 5.2.2 full')"
}

@test "a refused recipient is marked alone, with the reason; the others are delivered" {
	both rcpt_replies
}

full_or_too_many()
{
	meets 'rcpt bob@* 452 4.2.2 mailbox full'
	assert_lines "$(printf '%s\n' defer 'D250 ann@example.com' 'T452 bob@example.com' \
		'D250 eve@example.com' '! 2 452 4.2.2 mailbox full')" || return
	[ "$(commands 'RCPT TO:<bob@' | wc -l)" -eq 1 ] || return
	meets 'rcpt bob@* 452 full or many'
	assert_lines "$(printf '%s\n' defer 'D250 ann@example.com' 'T452 bob@example.com' \
		'D250 eve@example.com' '! 2 452 full or many')" || return
	meets 'rcpt ann@* 452 4.5.3 too many'
	assert_lines "$(printf '%s\n' defer 'T452 ann@example.com' 'D250 bob@example.com' \
		'D250 eve@example.com' '! 1 452 4.5.3 too many')" || return
	meets 'rcpt eve@* times 1 552 5.5.3 too many'
	all 'done' D250
}

@test "one full mailbox in the middle of a transaction makes none of the later ones shorter" {
	sink
	rule 'rcpt user11@* 452 full'
	explode 60 -n 30
	run -0 --separate-stderr runner -1q
	[ "$(rcpts | grep -c ^D250)" -eq 59 ]
	[ "$(rcpts defer | grep -c '^T452 user11@')" -eq 1 ]
	# two envelopes, and who was one too many once more
	[ "$(commands '^MAIL' | wc -l)" -eq 3 ]
}

@test "452 is a full mailbox, or too many recipients, and then the next transaction's" {
	both full_or_too_many
}

@test "a server that takes two recipients a transaction gets all in several" {
	for how in '' -P; do
		# shellcheck disable=SC2086
		sink -R 2 $how
		explode 9
		runner -1q
		[ "$(delivered)" -eq 9 ]
		[ -z "$(twice)" ]
		[ -z "$(envelopes defer fail)" ]
		stop "$SINK_PID"
		rm "$LOG"
	done
}

session_is_full()
{
	find "$SPOOL" -type f -delete
	rule 'mail * after 3 times 1 452 4.5.3 Too many messages sent'
	explode 6 -V += -n 6
	runner -1q
	[ "$(delivered)" -eq 6 ] || return
	[ -z "$(twice)" ] || return
	[ -z "$(tree | grep -v '^done/')" ] || return
	run ! grep -r '^!' "$SPOOL/done"
	[ "$(event connect)" -eq 2 ] || return

	rule 'mail * after 3 452 4.3.1 no room'
	find "$SPOOL" -type f -delete
	explode 6 -V += -n 6
	runner -1q
	[ "$(rcpts defer | grep -c ^D250)" -eq 3 ] || return
	[ "$(rcpts defer | grep -c ^T452)" -eq 3 ] || return
	[ "$(event connect)" -le 5 ]
}

@test "452 to MAIL behind messages that were taken asks for a fresh session, which decides" {
	both session_is_full
}

message_refused()
{
	meets 'mail * 550 5.7.1 not you'
	all fail F550 '! 0 550 5.7.1 not you' || return
	meets 'mail * 451 4.3.0 later'
	all defer T451 '! 0 451 4.3.0 later' || return
	meets 'data * 554 5.5.0 no'
	all fail F554 '! 0 554 5.5.0 no' || return
	meets 'data * 451 4.3.0 later'
	all defer T451 '! 0 451 4.3.0 later' || return
	meets 'text * 554 5.6.0 spam'
	all fail F554 '! 0 554 5.6.0 spam' || return
	meets 'text * 451 4.3.0 later'
	all defer T451 '! 0 451 4.3.0 later' || return
	[ "$(delivered)" -eq 0 ]
}

@test "a refusal of the sender or the text concerns all, and is noted as the message's" {
	both message_refused
}

mixed()
{
	meets 'rcpt bob@* 550 5.1.1 gone' 'text * 554 5.6.0 spam'
	assert_lines "$(printf '%s\n' fail 'F554 ann@example.com' 'F550 bob@example.com' \
		'F554 eve@example.com' '! 2 550 5.1.1 gone' '! 0 554 5.6.0 spam')" || return
	meets 'rcpt bob@* 450 4.2.0 wait' 'data * 451 4.3.0 later'
	assert_lines "$(printf '%s\n' defer 'T451 ann@example.com' 'T450 bob@example.com' \
		'T451 eve@example.com' '! 0 451 4.3.0 later')" || return
	meets 'rcpt * 450 4.2.0 wait' 'data * 554 5.5.1 no valid recipients'
	all defer T450 '! 0 450 4.2.0 wait' || return
	meets 'rcpt * 550 5.1.1 gone' 'data * 354 go on'
	all fail F550 "$(printf '! %d 550 5.1.1 gone\n' 1 2 3)" || return
	[ "$(delivered)" -eq 0 ]
}

@test "a reply to the text counts only for recipients that were accepted" {
	both mixed
}

no_verdicts()
{
	local code
	for code in 500 502 503; do
		meets "rcpt bob@* $code what"
		assert_lines "$(printf '%s\n' defer 'D250 ann@example.com' "T$code bob@example.com" \
			'D250 eve@example.com' "! 2 451 answered: $code what")" || return
		meets "mail * $code what"
		all defer "T$code" "! 0 451 answered: $code what" || return
		meets "data * $code what"
		all defer "T$code" "! 0 451 answered: $code what" || return
		meets "text * $code what"
		all defer "T$code" "! 0 451 answered: $code what" || return
	done
}

@test "500, 502 and 503 are never a verdict" {
	both no_verdicts
}

goodbyes()
{
	local phase action
	for phase in mail rcpt data text; do
		for action in '421 4.3.2 shutting down' 'dropafter 421 4.3.2 shutting down' drop; do
			meets "$phase * times 1 $action"
			all 'done' D250 || { echo "$phase times 1 $action"; return 1; }
			meets "$phase * $action"
			[ "$(sed -n 2p <<<"$output")" = "T421 ann@example.com" ] &&
				[[ $(tail -n 1 <<<"$output") == "! 0 421 "* ]] &&
				[ "$(grep -c T421 <<<"$output")" -eq 3 ] &&
				[ "$(head -n 1 <<<"$output")" = defer ] && continue
			echo "$phase $action: $output"
			return 1
		done
	done
	[ -z "$(accepted | sort | uniq -c | awk '$1 != 12')" ]
}

@test "421 or a lost connection is tried once more on a fresh session, then deferred" {
	both goodbyes
}

after_the_text()
{
	meets 'text * dropafter 250 2.0.0 taken'
	all 'done' D250 || return
	[ "$(delivered)" -eq 3 ] || return
	meets 'text * times 1 dropbefore'
	all 'done' D250 || return
	# it was taken, and never said so: the one case in which a text goes twice
	[ "$(event drop)" -eq 2 ]
}

@test "what was accepted before the connection went is D and not sent again" {
	both after_the_text
}

@test "a server that closes after every text gets each text once" {
	sink
	explode 30 -n 1
	rule 'text * dropafter 250 2.0.0 taken'
	runner -1q
	[ "$(delivered)" -eq 30 ]
	[ -z "$(twice)" ]
	[ "$(find "$SPOOL/done" -type f | wc -l)" -eq 30 ]
}

@test "a server that says 421 after each five texts gets each text once" {
	sink -n 5
	explode 42 -n 1
	runner -1q
	[ "$(delivered)" -eq 42 ]
	[ -z "$(twice)" ]
	[ "$(find "$SPOOL/done" -type f | wc -l)" -eq 42 ]
}

# The envelope's next try, in seconds after now.
wait_of()
{
	local f
	f=$(envelopes defer)
	echo $(((10#$(basename "$f" | cut -d . -f 1) - $(now)) / 1000000))
}

@test "what is deferred comes again about 400, 1600, 3600 seconds after its birth" {
	sink
	rule 'rcpt * 450 4.2.0 wait'
	post
	runner -1q
	wait=$(wait_of)
	[ "$wait" -ge 385 ] && [ "$wait" -le 451 ]
	for age in 400:1200:1351 1600:2000:2251 -5000:400:451; do
		IFS=: read -r age least most <<<"$age"
		sed -i "s/^born .*/born $(($(date +%s) - age))/" "$(envelopes defer)"
		ml-requeue -a "$SPOOL"
		runner -1q
		wait=$(wait_of)
		[ "$wait" -ge $((least - 15)) ] && [ "$wait" -le "$most" ]
	done
}

@test "past its lifetime what was tried before has failed, with its last code; not at once" {
	sink
	rule 'rcpt ann@* 450 4.2.0 wait' 'rcpt bob@* 451 4.3.0 later'
	post ann@example.com bob@example.com eve@example.com
	sed -i 's/^born .*/born 1000000000/' "$SPOOL/new/$NAME"
	runner -1q
	[ "$(rcpts defer)" = "$(printf '%s\n' 'T450 ann@example.com' 'T451 bob@example.com' 'D250 eve@example.com')" ]
	ml-requeue -a "$SPOOL"
	run --separate-stderr runner -1
	[ "$(rcpts fail)" = "$(printf '%s\n' 'F450 ann@example.com' 'F451 bob@example.com' 'D250 eve@example.com')" ]
	[ "$(grep -c '^! [12] 45[01] 4.4.7 ' "$(envelopes fail)")" -eq 2 ]
	[ "$(grep -c '^failed .*to=.*code=45' <<<"$stderr")" -eq 2 ]
}

@test "-x 0: the second try is the last" {
	sink
	rule 'rcpt * 450 4.2.0 wait'
	post
	sed -i "s/^born .*/born $(($(date +%s) - 2))/" "$SPOOL/new/$NAME"
	runner -1q -x 0
	[ "$(rcpts defer)" = "T450 ann@example.com" ]
	ml-requeue -a "$SPOOL"
	runner -1q
	[ "$(rcpts defer)" = "T450 ann@example.com" ]
	ml-requeue -a "$SPOOL"
	runner -1q -x 0
	[ "$(rcpts fail)" = "F450 ann@example.com" ]
}

@test "-n: so many recipients a transaction, but one with a return path of its own" {
	sink
	explode 5
	runner -1q -n 2
	[ "$(commands '^MAIL' | wc -l)" -eq 3 ]
	[ "$(commands '^RCPT' | wc -l)" -eq 5 ]
	explode 5 -V +=
	runner -1q -n 2
	[ "$(commands '^MAIL FROM:<news+user[1-5]=example.com@example.org>' | wc -l)" -eq 5 ]
}

@test "-c: a new session after so many messages, each ended with QUIT" {
	sink
	explode 10 -n 1
	runner -1q -c 4
	[ "$(event connect)" -eq 3 ]
	[ "$(event noquit)" -eq 0 ]
	[ "$(delivered)" -eq 10 ]
}

@test "-e: the name for EHLO; -q: no line for a delivery, but for each failure" {
	sink
	rule 'rcpt bob@* 550 gone' 'rcpt eve@* 450 wait'
	post ann@example.com bob@example.com eve@example.com
	run --separate-stderr runner -1q -e lists.example.org
	[ "$(commands '^EHLO')" = "EHLO lists.example.org" ]
	[ -z "$output" ]
	[[ $stderr != *delivered* ]]
	[ "$(grep -c '^failed .*to=bob@example.com code=550' <<<"$stderr")" -eq 1 ]
	[ "$(grep -c '^deferred .*to=eve@example.com code=450' <<<"$stderr")" -eq 1 ]
	post
	run --separate-stderr runner -1
	[ "$(grep -c '^delivered id=.* to=ann@example.com code=250 text=".*" delay=[0-9]*$' <<<"$stderr")" -eq 1 ]
}

@test "no reply can forge a line of the log, of the envelope or of the run file" {
	sink
	rule $'rcpt * 550 5.1.1 "x" to=bob\tand \e[31m \\ \\nfailed id=forged'
	post
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	run ! grep -q $'\e' <<<"$stderr"
	run ! grep -q '^failed id=forged' <<<"$stderr"
	[ "$(grep -c '^failed ' <<<"$stderr")" -eq 1 ]
	[ "$(grep -c '^!' "$(envelopes fail)")" -eq 1 ]
	run ! grep -q $'[\e\r]' "$(envelopes fail)"
}

@test "-t: a server that stalls is left, its envelope is tried once more and deferred" {
	sink
	rule 'text * stall 30'
	post
	run --separate-stderr timeout 30 ml-runner -1 -t 3 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$status" -eq 0 ]
	[ "$(event connect)" -eq 2 ]
	[ "$(rcpts defer)" = "T421 ann@example.com" ]
	rule 'connect * stall 30'
	post
	run --separate-stderr timeout 20 ml-runner -1 -t 1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$status" -eq 75 ]
	[ "$(rcpts new)" = "T000 ann@example.com" ]
}

# too_soon RATE <TIMES: by how much recipients were within a second of the RATEth before them, at most;
# what is far more than who notes it can be held up is a fault each time
too_soon()
{
	TOOK=$(awk -v rate="$1" '{ t[++n] = $1; if (n > rate && 1000000 - (t[n] - t[n - rate]) > most)
		most = 1000000 - (t[n] - t[n - rate]) } END { print most + 0 }')
	[ "$TOOK" -lt 300000 ]
}

# Eighty recipients, forty a second: when each comes is noted by a receiver that may be held up.
at_forty()
{
	local before took
	sink
	explode 60 -n 7
	ml-explode -f news@example.org -V += -l <(addresses 20 | sed s/user/other/) -m <(letter) "$SPOOL" >/dev/null
	before=$(now)
	runner -1q -j 2 -r 40
	took=$((($(now) - before) / 1000))
	[ "$(delivered)" -eq 80 ]
	[ -z "$(twice)" ]
	[ "$took" -lt 4000 ]
	too_soon 40 < <(grep -v '^#' "$LOG")
}

@test "-r: never more recipients in any second, over all of -j, and not many fewer" {
	best_of 5 0 at_forty
}

four_commands_a_second()
{
	: >moments
	explode 6 -n 6
	ml-runner -1q -r 4 "$SPOOL" pipe sh -c 'date +%s%6N >>moments; cat >/dev/null'
	[ "$(grep -c . moments)" -eq 6 ]
	too_soon 4 <moments
}

@test "-r: a rate below -j makes fewer processes of it; pipe keeps to it too" {
	sink
	explode 6 -n 6
	before=$(now)
	runner -1q -j 8 -r 2
	[ "$(delivered)" -eq 6 ]
	[ "$(event connect)" -le 2 ]
	[ $((($(now) - before) / 1000)) -ge 1000 ]
	best_of 5 50000 four_commands_a_second
}

@test "after eight refused commands the session is changed" {
	sink
	explode 30 -n 1
	rule 'rcpt *[05]@* 550 5.1.1 gone' 'rcpt *[27]@* 550 5.1.1 gone'
	runner -1q
	[ "$(delivered)" -eq 18 ]
	[ "$(event connect)" -eq 2 ]
	[ "$(event noquit)" -eq 0 ]
	[ "$(rcpts fail | wc -l)" -eq 12 ]
}

@test "so it is after eight refusals with no text between, DATA behind refused recipients included" {
	sink
	explode 12 -V +=
	rule 'rcpt * 550 5.1.1 gone'
	runner -1q
	[ "$(rcpts fail | grep -c '^F550')" -eq 12 ]
	[ "$(event connect)" -eq 3 ]
	[ "$(event noquit)" -eq 0 ]
}

nine_at_most()
{
	find "$SPOOL" -type f -delete
	explode 60
	rule 'rcpt user?@* 250 2.1.5 fine' 'rcpt * 550 5.1.1 gone'
	runner -1q -n 50
	[ "$(rcpts fail | grep -c '^F550')" -eq 51 ] || return
	[ "$(rcpts fail | grep -c '^D250')" -eq 9 ] || return
	[ "$(delivered)" -eq 9 ] || return
	# Postfix is slow after ten errors and hangs up after twenty
	[ "$(sed -n 's/^# cmd \([0-9]*\) RCPT TO:<user[0-9][0-9].*/\1/p' "$LOG" | sort | uniq -c |
		sort -n | awk 'END { print $1 }')" -le 9 ]
}

@test "no more recipients are sent at once than may be refused in a session; the others are next" {
	both nine_at_most
}

@test "ten transactions in a row with nothing but 4xx: the envelope waits as it is, -1 exits 75" {
	sink
	rule 'text * 451 4.3.0 later'
	explode 12
	explode 3
	run --separate-stderr runner -1 -n 1
	[ "$status" -eq 75 ]
	[ "$(rcpts defer | cut -c 1-4 | sort | uniq -c | tr -s ' \n' ' ')" = " 2 T000 10 T451 " ]
	[ "$(rcpts new | cut -c 1-4 | sort -u)" = T000 ]
	[ "$(rcpts new | wc -l)" -eq 3 ]
	[ "$(commands '^MAIL' | wc -l)" -eq 10 ]
	[ "$(event noquit)" -eq 0 ]
}

@test "ten barren transactions make a runner keep off, and then go on by itself" {
	sink
	rule 'mail * times 10 451 4.3.0 later'
	explode 30 -n 1
	start_runner -q
	wait_for has_delivered 20
	wait_for eval '[ -z "$(envelopes new cur)" ]'
	[ "$(rcpts defer | cut -c 1-4 | uniq -c | tr -s ' ')" = " 10 T451" ]
	[ "$(grep -c '^down' "$PID_ERR")" -eq 1 ]
	stop "$PID"
	[ "$status" -eq 0 ]
}

@test "an MTA that drops every transaction is not sent the whole queue" {
	sink
	rule 'mail * drop'
	explode 100 -n 1
	run --separate-stderr timeout 20 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$status" -eq 75 ]
	[ "$(rcpts new | wc -l)" -ge 90 ]
	[ "$(event connect)" -le 20 ]
}

@test "a text that is too big for the server is refused without sending it" {
	sink -x 50
	post ann@example.com bob@example.com
	runner -1q
	[ "$(rcpts fail)" = "$(printf '%s\n' 'F552 ann@example.com' 'F552 bob@example.com')" ]
	[[ $(tail -n 1 "$(envelopes fail)") == "! 0 552 5.3.4 "* ]]
	[ "$(commands '^MAIL' | wc -l)" -eq 0 ]
}

@test "each text arrives as it was stored, whatever begins with a dot and however long it is" {
	for how in '' -P -B; do
		# shellcheck disable=SC2086
		sink -D "$BATS_TEST_TMPDIR/mail" $how
		printf 'Subject: dots\n\n.\n..\n.x\n\n.\r.\n' >small
		{ printf 'Subject: big\n\n'; seq 1 90000 | sed 's/^[37]/./'; } >big
		for text in small big; do
			find mail -type f -delete
			ml-enqueue -f news@example.org "$SPOOL" ann@example.com <"$text" >name
			cp "$SPOOL/mess/$(cut -d . -f 2- name)" expected
			# and without a pause between the pieces of a long one
			timeout 3 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
			# it is filed with two header fields in front, and with LF line ends
			run cmp <(tr -d '\r' <expected) <(tail -n +3 "$(find mail -type f)")
			[ "$status" -eq 0 ]
			[ "$(grep -v '^#' "$LOG" | tail -n 1 | cut -f 5)" -eq "$(stat -c %s expected)" ]
		done
		[ "$(event bare)" -eq 0 ]
		stop "$SINK_PID"
	done
}

@test "8-bit texts and addresses are announced where the server offers it" {
	sink
	printf 'Subject: x\n\n\303\244\n' | ml-enqueue -f news@example.org "$SPOOL" ann@example.com \
		$'b\303\266b@example.com' >/dev/null
	runner -1q
	[ "$(delivered)" -eq 2 ]
	[ "$(commands '^MAIL.*BODY=8BITMIME' | wc -l)" -eq 2 ]
	[ "$(commands '^MAIL.*SMTPUTF8' | wc -l)" -eq 1 ]
	stop "$SINK_PID"
	rm "$LOG"
	sink -8 -U
	printf 'Subject: x\n\n\303\244\n' | ml-enqueue -f news@example.org "$SPOOL" ann@example.com \
		$'b\303\266b@example.com' >/dev/null
	runner -1q
	[ "$(accepted)" = ann@example.com ]
	[ "$(commands '^MAIL' | grep -cE 'BODY|SMTPUTF8')" -eq 0 ]
	[ "$(rcpts fail | cut -c 1-4 | sort | tr '\n' ' ')" = "D250 F553 " ]
}

# SPDX-License-Identifier: ISC
# ml-enqueue: one message, one envelope.  Not tested here: room (a file system of one's own is
# needed), kills at each call (strace): see long/.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

enqueue()
{
	ml-enqueue -f news@example.org "$@"
}

@test "the envelope stands in new/ under the NAME that is printed, its message in mess/" {
	run -0 --separate-stderr enqueue "$SPOOL" ann@example.com bob@example.net < <(letter)
	assert_stderr ''
	[ "$output" = "$(basename "$(envelopes)")" ]
	[ "$(tree)" = "$(printf 'mess/a\nnew/a')" ]
	born=$(head_of "$(envelopes)" born)
	[ "$born" -le "$(date +%s)" ]
	run -0 cat "$(envelopes)"
	assert_lines "ml1
born $born
from news@example.org
body 7
id <1@example.org>
rcpts 2

T000 ann@example.com
T000 bob@example.net"
	letter | sed 's/$/\r/' | cmp - "$(text_of "$(envelopes)")"
}

@test "an empty sender is the null sender" {
	run -0 ml-enqueue -f '' "$SPOOL" ann@example.com < <(letter)
	[ "$(head_of "$(envelopes)" from)" = '' ]
}

@test "recipients come from the arguments, then the header, then the file, as often as they are named" {
	printf 'file@x.org\tname=F\nann@x.org\n' >list
	run -0 enqueue -r list -t "$SPOOL" ann@x.org arg@x.org < <(printf 'To: to@x.org, ann@x.org\n\n.\n')
	[ "$(rcpts)" = "T000 ann@x.org
T000 arg@x.org
T000 to@x.org
T000 ann@x.org
T000 file@x.org	name=F
T000 ann@x.org" ]
}

@test "-t understands groups, comments, folded lines, quotes, routes and names" {
	sed 's/^\t\t//' >message <<'END'
		From: not@x.org
		to: plain@x.org, "Doe, John" <john@x.org>,, Ann (a <b@x.org>) Example <ann@x.org>
		Reply-To: not@x.org
		Cc : Team: one@x.org,
		 two@x.org; undisclosed-recipients:;,
			<@route.org,@two.org:routed@x.org>
		Subject: To: not@x.org
		TO: "quoted, local"@x.org , spaced . dots @ x.org (at (the) end)
		CC: lit@[IPv6:::1]
		Resent-To: not@x.org
		X-To: not@x.org

		To: not@x.org
END
	run -0 enqueue -t "$SPOOL" <message
	[ "$(rcpts)" = 'T000 plain@x.org
T000 john@x.org
T000 ann@x.org
T000 one@x.org
T000 two@x.org
T000 routed@x.org
T000 "quoted, local"@x.org
T000 spaced.dots@x.org
T000 lit@[IPv6:::1]' ]
}

@test "-t removes Bcc with its continuation lines and changes nothing else" {
	run -0 enqueue -t "$SPOOL" < <(printf 'To: a@x.org\nBCC: b@x.org,\n c@x.org\nSubject: s\nbcc:\n\nBcc: body\n')
	[ "$(rcpts | tr '\n' ' ')" = 'T000 a@x.org T000 b@x.org T000 c@x.org ' ]
	printf 'To: a@x.org\r\nSubject: s\r\n\r\nBcc: body\r\n' | cmp - "$(text_of "$(envelopes)")"
}

@test "without -t Bcc stays and the header names nobody" {
	run -0 enqueue "$SPOOL" a@x.org < <(printf 'To: b@x.org\nBcc: c@x.org\n\n')
	[ "$(rcpts)" = 'T000 a@x.org' ]
	printf 'To: b@x.org\r\nBcc: c@x.org\r\n\r\n' | cmp - "$(text_of "$(envelopes)")"
}

@test "a message that -t leaves without any line is kept as one empty line" {
	run -0 enqueue -t "$SPOOL" < <(printf 'Bcc: a@x.org\n')
	printf '\r\n' | cmp - "$(text_of "$(envelopes)")"
}

@test "-t takes no guess at what is not an address" {
	for to in 'John Doe' 'a@x.org b@x.org' '<a@x.org' 'a@x.org>' '<>' '"open@x.org' 'root' 'a@x.org <b@x.org> c' '(open a@x.org'; do
		run -65 --separate-stderr enqueue -t "$SPOOL" ok@x.org < <(printf 'To: %s\n\n.\n' "$to")
		[[ $stderr == "ml-enqueue: "* ]]
		[ -z "$output" ]
		[ -z "$(tree)" ]
	done
}

@test "-t refuses a header line that is no field, and a header over 1 MiB" {
	run -65 --separate-stderr enqueue -t "$SPOOL" < <(printf 'To: a@x.org\nhello\nBcc: b@x.org\n\n')
	assert_stderr 'ml-enqueue: stdin:2: not a header field'
	run -65 --separate-stderr enqueue -t "$SPOOL" < <(printf 'To: a@x.org\n'; yes 'X-Long: line' | head -n 90000)
	assert_stderr 'ml-enqueue: stdin: header over 1 MiB'
	[ -z "$(tree)" ]
}

@test "no recipient is wrong usage, bad data under -t, and a warning with a file alone" {
	run -64 enqueue "$SPOOL" < <(letter)
	[[ $output == "usage: "* ]]
	run -65 --separate-stderr enqueue -t "$SPOOL" < <(printf 'Subject: x\n\n')
	assert_stderr 'ml-enqueue: stdin: no recipient, nothing was sent'
	run -65 enqueue -t -r /dev/null "$SPOOL" < <(printf 'Subject: x\n\n')
	run -0 --separate-stderr enqueue -r /dev/null "$SPOOL" < <(letter)
	assert_stderr 'ml-enqueue: /dev/null: no recipient, nothing was sent'
	[ -z "$output" ]
	[ -z "$(tree)" ]
}

@test "usage says what the manual page says" {
	run -64 --separate-stderr ml-enqueue
	assert_stderr "usage: $(synopsis ml-enqueue)"
	run -64 ml-enqueue -f a@x.org
	run -64 ml-enqueue "$SPOOL" a@x.org
	run -64 ml-enqueue -x -f a@x.org "$SPOOL" a@x.org
	run -64 enqueue -r - "$SPOOL" a@x.org
	[ -z "$(tree)" ]
}

@test "what follows the spool is a recipient, never an option" {
	run -65 --separate-stderr enqueue "$SPOOL" -t < <(letter)
	assert_stderr 'ml-enqueue: -t: no @'
	run -0 enqueue -- "$SPOOL" -a@x.org < <(letter)
	[ "$(rcpts)" = 'T000 -a@x.org' ]
}

@test "a bad recipient or sender is refused before the message is read" {
	run -65 --separate-stderr enqueue "$SPOOL" ok@x.org $'b\033[2Jad@x.org' </dev/null
	assert_stderr 'ml-enqueue: b\x1b[2Jad@x.org: control character'
	for sender in $'a@x.org\r' $'a@x.org\nRCPT TO:<b@x.org>' 'a@x.org> SIZE=1' 'a b@x.org' root $'a\xff@x.org'; do
		run -65 ml-enqueue -f "$sender" "$SPOOL" ok@x.org < <(letter)
		[ "${#lines[@]}" -eq 1 ]
	done
	[ -z "$(tree)" ]
}

@test "a missing list is tried again, an unreadable one is not" {
	run -75 --separate-stderr enqueue -r none "$SPOOL" < <(letter)
	assert_stderr 'ml-enqueue: none: No such file or directory'
	chmod 755 "$SPOOL"
	[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$SPOOL"
	touch list
	chmod 0 list
	run -77 --separate-stderr as_nobody ml-enqueue -f a@x.org -r list spool < <(letter)
	assert_stderr 'ml-enqueue: list: Permission denied'
	[ -z "$(tree)" ]
}

@test "a bad line of the list refuses the message, with file and line" {
	printf 'a@x.org\nb@@x.org\n' >list
	run -65 --separate-stderr enqueue -r list "$SPOOL" < <(letter)
	assert_stderr 'ml-enqueue: list:2: more than one @'
	[ -z "$(tree)" ]
}

@test "what is not a whole spool is refused" {
	run -69 --separate-stderr enqueue none a@x.org < <(letter)
	assert_stderr 'ml-enqueue: none: not a whole spool: No such file or directory'
	touch file
	run -69 enqueue file a@x.org < <(letter)
	[[ $output == 'ml-enqueue: file: not a whole spool: '* ]]
	rmdir "$SPOOL/new"
	run -69 --separate-stderr enqueue spool a@x.org < <(letter)
	assert_stderr 'ml-enqueue: spool/new: not a whole spool: No such file or directory'
	[ -z "$(tree)" ]
}

@test "a symbolic link may lead to the spool, but nothing in it is followed" {
	ln -s spool link
	run -0 enqueue link a@x.org < <(letter)
	for d in tmp mess new; do
		mkspool "$BATS_TEST_TMPDIR/$d.spool"
		mv "$SPOOL/$d" elsewhere
		ln -s ../elsewhere "$SPOOL/$d"
		run -69 enqueue "$SPOOL" a@x.org < <(letter)
		[ -z "$(ls elsewhere)" ]
		rmdir elsewhere
	done
}

@test "a closed stdin is an error, not an empty message" {
	run -74 --separate-stderr sh -c 'exec ml-enqueue -f a@x.org "$1" b@x.org <&-' - "$SPOOL"
	assert_stderr 'ml-enqueue: stdin: Bad file descriptor'
	[ -z "$(tree)" ]
	run -0 enqueue "$SPOOL" a@x.org </dev/null
	printf '\r\n' | cmp - "$(text_of "$(envelopes)")"
}

@test "once published, a stdout that can't be written changes nothing" {
	enqueue "$SPOOL" a@x.org < <(letter) >&- 2>err
	[ "$(cat err)" = 'ml-enqueue: stdout: Bad file descriptor' ]
	[ "$(rcpts)" = 'T000 a@x.org' ]
	enqueue "$SPOOL" a@x.org < <(letter) >/dev/full 2>err
	[ "$(cat err)" = 'ml-enqueue: stdout: No space left on device' ]
	{ enqueue "$SPOOL" a@x.org < <(letter); echo $? >code; } 2>err | :
	wait_for -t 5 test -s code
	[ "$(cat code)" = 0 ]
	[ "$(envelopes | wc -l)" -eq 3 ]
}

@test "no descriptor of the spool ends up where stdout or stderr were" {
	enqueue "$SPOOL" a@x.org < <(letter) >&- 2>&-
	[ "$(tree)" = "$(printf 'mess/a\nnew/a')" ]
	run -0 grep -c '' "$(text_of "$(envelopes)")"
	assert_lines 6
	run -1 grep -ra 'ml-enqueue' "$SPOOL"
}

@test "without permission nothing is left behind" {
	chmod 755 "$SPOOL" "$SPOOL"/*/
	run -77 --separate-stderr as_nobody ml-enqueue -f a@x.org spool b@x.org < <(letter)
	[[ $stderr == 'ml-enqueue: tmp/'*': Permission denied' ]]
	[ -z "$(tree)" ]
}

@test "HUP, INT and TERM leave nothing behind, also while it waits for the message" {
	for signal in HUP INT TERM; do
		mkfifo "$signal"
		# A background command ignores INT; env gives it back.
		start env --default-signal=INT sh -c 'exec ml-enqueue -f a@x.org "$1" b@x.org <$2' - "$SPOOL" "$signal"
		exec 9>"$signal"
		wait_for sh -c "ls -A '$SPOOL/tmp' | grep -q ."
		stop "$PID" "$signal"
		exec 9>&-
		[ "$status" -eq 75 ]
		[ "$(cat "$PID_ERR")" = 'ml-enqueue: stdin: stopped by a signal, nothing was sent' ]
		[ -z "$(tree)" ]
	done
}

@test "a signal that its parent ignores is ignored" {
	mkfifo fifo
	start sh -c 'trap "" HUP; exec ml-enqueue -f a@x.org "$0" b@x.org <fifo' "$SPOOL"
	exec 9>fifo
	wait_for sh -c "ls -A '$SPOOL/tmp' | grep -q ."
	kill -s HUP "$PID"
	letter >&9
	exec 9>&-
	wait "$PID"
	[ "$(rcpts)" = 'T000 b@x.org' ]
}

@test "a write beyond the file size limit fails, and leaves nothing" {
	run -71 --separate-stderr sh -c 'ulimit -f 16; yes 0123456789 | head -n 100000 | exec ml-enqueue -f a@x.org "$1" b@x.org' - "$SPOOL"
	[[ $stderr == *'File too large'* ]]
	[ -z "$(tree)" ]
}

@test "a runner that waits for the trigger is woken" {
	start cat "$SPOOL/trigger"
	# It may not have opened the trigger yet when the first message comes.
	one_more_and_awake()
	{
		enqueue "$SPOOL" a@x.org < <(letter)
		! kill -0 "$PID"
	}
	wait_for one_more_and_awake
}

@test "files have the group bits of the spool, whatever the umask" {
	chmod 770 "$SPOOL"
	(umask 077; enqueue "$SPOOL" a@x.org < <(letter))
	run -0 find "$SPOOL/new" "$SPOOL/mess" -type f ! -perm 660
	assert_lines ''
	mkspool "$BATS_TEST_TMPDIR/other"
	chmod 700 "$SPOOL"
	(umask 0; enqueue "$SPOOL" a@x.org < <(letter))
	run -0 find "$SPOOL/new" "$SPOOL/mess" -type f ! -perm 600
	assert_lines ''
}

@test "one envelope holds any number of recipients" {
	addresses 20000 >list
	run -0 enqueue -r list "$SPOOL" first@x.org < <(letter)
	[ "$(envelopes | wc -l)" -eq 1 ]
	run -0 head_of "$(envelopes)" rcpts
	[ "$((10#$output))" -eq 20001 ]
	{ echo first@x.org; cat list; } | sed 's/^/T000 /' | cmp - <(rcpts)
}

@test "the examples of the manual page work" {
	run_examples ml-enqueue
	[ "$(envelopes | wc -l)" -eq 3 ]
}

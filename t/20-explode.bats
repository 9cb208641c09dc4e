# SPDX-License-Identifier: ISC
# ml-explode: one message, a list, a broadcast.  Not tested here: room, kills at each call: see long/.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	letter >message
	addresses 3 >list
}

explode()
{
	ml-explode -f news@example.org "$@"
}

@test "a broadcast is a directory of envelopes in new/, each with its own name in mess/" {
	run -0 --separate-stderr explode -n 2 -l list -m message "$SPOOL"
	assert_stderr ''
	[ "$(tree)" = 'mess/a.1
mess/a.2
new/a/
new/a/a.1
new/a/a.2' ]
	[ "$output" = "$(ls "$SPOOL/new")" ]
	name=$output
	born=$(head_of "$(envelopes | head -n 1)" born)
	run -0 cat "$SPOOL/new/$name/$name.1"
	assert_lines "ml1
born $born
from news@example.org
body 7
broadcast $name
id <1@example.org>
rcpts 2

T000 user1@example.com
T000 user2@example.com"
	sed 's/$/\r/' message | cmp - "$SPOOL/mess/${name#*.}.1"
	[ "$SPOOL/mess/${name#*.}.1" -ef "$SPOOL/mess/${name#*.}.2" ]
}

is_staging()
{
	[ -n "$(find "$SPOOL/tmp" -mindepth 1 -type d)" ]
}

@test "ORDERs count from the time at which staging began, however slowly the list comes" {
	mkfifo slow
	start ml-explode -f a@x.org -n 1 -m message -l slow "$SPOOL"
	exec 9>slow
	wait_for is_staging
	begun=$(now)
	addresses 2 >&9
	exec 9>&-
	wait "$PID"
	name=$(cat "$PID_OUT")
	[ "${name%%.*}" -le "$begun" ]
	[ "$(ls "$SPOOL/new/$name" | cut -d . -f 1 | tr '\n' ' ')" = "${name%%.*} $((${name%%.*} + 100000)) " ]
}

@test "each envelope's ORDER lies 100 ms for each recipient before it behind the first" {
	addresses 25 >list
	run -0 explode -n 10 -l list -m message "$SPOOL"
	first=${output%%.*}
	run -0 ls "$SPOOL/new/$output"
	[ "${lines[0]%%.*}" -eq "$first" ]
	[ "${lines[1]%%.*}" -eq $((first + 1000000)) ]
	[ "${lines[2]%%.*}" -eq $((first + 2000000)) ]
	[[ ${lines[2]} == *.3 ]]
}

@test "an envelope has 500 recipients unless -n says otherwise" {
	addresses 1001 >list
	run -0 explode -l list -m message "$SPOOL"
	[ "$(envelopes | while read -r e; do head_of "$e" rcpts; done | tr '\n' ' ')" = '500 500 1 ' ]
	sed 's/^/T000 /' list | cmp - <(rcpts)
	for n in 0 -1 x 1x '' 1000001 99999999999999999999; do
		run -64 --separate-stderr explode -n "$n" -l list -m message "$SPOOL"
		assert_stderr 'ml-explode: -n: not a number from 1 to 1000000'
	done
}

@test "fields, duplicates and the order of the list are kept" {
	printf 'b@x.org\tname=B B\tn=1=2\na@x.org\nb@x.org\n' >list
	run -0 explode -l list -m message "$SPOOL"
	sed 's/^/T000 /' list | cmp - <(rcpts)
}

@test "message and list come from where the options say, and only one of them from stdin" {
	run -0 explode -l list "$SPOOL" <message
	run -0 explode -l list -m - "$SPOOL" <message
	run -0 explode -m message "$SPOOL" <list
	run -0 explode -m message -l - "$SPOOL" <list
	run -0 explode -m message -l list "$SPOOL" </dev/null
	[ "$(envelopes | wc -l)" -eq 5 ]
	[ "$(rcpts | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" = '5 5 5 ' ]
	before=$(tree)
	run -64 --separate-stderr explode "$SPOOL" </dev/null
	assert_stderr "usage: $(synopsis ml-explode)"
	for options in '-l -' '-m -' '-l - -m -'; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr explode $options "$SPOOL" </dev/null
		assert_stderr "ml-explode: stdin: can't be both the message and the list"
	done
	[ "$(tree)" = "$before" ]
}

@test "wrong usage is told and changes nothing" {
	run -64 ml-explode -l list -m message "$SPOOL"
	run -64 explode -l list -m message
	run -64 explode -l list -m message "$SPOOL" more
	run -64 explode -x -l list -m message "$SPOOL"
	for o in -M -c '-H X: y'; do
		run -64 --separate-stderr explode "$o" -l list -m message "$SPOOL"
		assert_stderr "ml-explode: ${o:0:2}: not supported by this version"
	done
	[ -z "$(tree)" ]
}

@test "-V is kept in the envelopes, and takes two delimiters out of three" {
	for v in += -= == =+ ++; do
		mkspool "$BATS_TEST_TMPDIR/spool$v"
		run -0 explode -V "$v" -l list -m message "$SPOOL"
		[ "$(head_of "$(envelopes)" verp)" = "$v" ]
	done
	for v in '' + +=- '+ ' '#=' 'ab'; do
		run -64 --separate-stderr explode -V "$v" -l list -m message spool+=
		assert_stderr 'ml-explode: -V: not two characters out of -=+'
	done
}

@test "who can't have a return path of his own is warned about, and stays in the list" {
	long=$(printf '%0230d' 0)@example.org
	printf '%s\n' '"a b"@x.org' ok@x.org a..b@x.org "$long" 'x@[1.2.3.4]' 'dot@x.org.' 'Z.o-e+f@x.org' >list
	run -0 --separate-stderr explode -V += -l list -m message "$SPOOL"
	assert_stderr "ml-explode: list:1: \"a b\"@x.org: the plain sender is used
ml-explode: list:3: a..b@x.org: the plain sender is used
ml-explode: list:4: $long: the plain sender is used
ml-explode: list:5: x@[1.2.3.4]: the plain sender is used
ml-explode: list:6: dot@x.org.: the plain sender is used"
	sed 's/^/T000 /' list | cmp - <(rcpts)
}

@test "a return path may have 256 octets, not 257" {
	# news@example.org, a delimiter, and the recipient with a delimiter for its @
	printf '%0227d@example.org\n' 0 >list
	run -0 --separate-stderr explode -V += -l list -m message "$SPOOL"
	assert_stderr ''
	printf '%0228d@example.org\n' 0 >list
	run -0 --separate-stderr explode -V += -l list -m message "$SPOOL"
	[[ $stderr == *': the plain sender is used' ]]
}

@test "a sender that can't carry recipients is used as it is, after one warning" {
	for sender in '' '"news desk"@example.org' "$(printf '%0244d' 0)@example.org"; do
		run -0 --separate-stderr ml-explode -f "$sender" -V += -l list -m message "$SPOOL"
		assert_stderr "ml-explode: -V: this sender can't carry a recipient, it is used as it is"
	done
	run -1 grep -rl '^verp' "$SPOOL"
}

@test "a bad sender is refused" {
	for sender in $'a@x.org\r' $'a@x.org\n' $'a@x.org\r\nDATA' 'a@x.org>' root 'a@b@c'; do
		run -65 --separate-stderr ml-explode -f "$sender" -l list -m message "$SPOOL"
		[ "${#stderr_lines[@]}" -eq 1 ]
	done
	[ -z "$(tree)" ]
}

@test "a list without anybody is a warning, no NAME and exit 0" {
	printf '# nobody\n\n' >list
	run -0 --separate-stderr explode -k key -l list -m message "$SPOOL"
	assert_stderr 'ml-explode: list: no recipient, nothing was sent'
	[ -z "$output" ]
	run -0 --separate-stderr explode -m message "$SPOOL" </dev/null
	assert_stderr 'ml-explode: stdin: no recipient, nothing was sent'
	[ -z "$(tree)" ]
}

@test "a missing file is tried again, an unreadable one is not" {
	run -75 --separate-stderr explode -l none -m message "$SPOOL"
	assert_stderr 'ml-explode: none: No such file or directory'
	run -75 explode -l list -m none "$SPOOL"
	run -75 explode -l list/list -m message "$SPOOL"
	chmod 755 "$SPOOL"
	[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$SPOOL"
	chmod 644 message list
	touch secret
	chmod 0 secret
	run -77 --separate-stderr as_nobody ml-explode -f a@x.org -l secret -m message spool
	assert_stderr 'ml-explode: secret: Permission denied'
	run -77 as_nobody ml-explode -f a@x.org -l list -m secret spool
	run -0 as_nobody ml-explode -f a@x.org -l list -m message spool
	rm -rf "$SPOOL"
	mkspool
	run -71 explode -l . -m message "$SPOOL"
	[[ $output == 'ml-explode: .: Is a directory' ]]
	[ -z "$(tree)" ]
}

@test "what is not a whole spool is refused" {
	run -69 --separate-stderr explode -l list -m message none
	assert_stderr 'ml-explode: none: not a whole spool: No such file or directory'
	run -69 explode -l list -m message message
	rmdir "$SPOOL/mess"
	ln -s . "$SPOOL/mess"
	run -69 --separate-stderr explode -l list -m message spool
	[[ $stderr == 'ml-explode: spool/mess: not a whole spool: '* ]]
	rm "$SPOOL/mess"
	[ -z "$(tree)" ]
}

@test "without permission nothing is left behind" {
	chmod 755 "$SPOOL" "$SPOOL"/*/
	chmod 644 message list
	run -77 --separate-stderr as_nobody ml-explode -f a@x.org -l list -m message spool
	[[ $stderr == 'ml-explode: tmp/'*': Permission denied' ]]
	[ -z "$(tree)" ]
}

@test "a closed stdin is an error, not an empty list or message" {
	run -74 --separate-stderr sh -c 'exec ml-explode -f a@x.org -m message "$1" <&-' - "$SPOOL"
	assert_stderr 'ml-explode: stdin: Bad file descriptor'
	run -74 sh -c 'exec ml-explode -f a@x.org -l list "$1" <&-' - "$SPOOL"
	[ -z "$(tree)" ]
}

@test "once published, a stdout that can't be written changes nothing" {
	explode -l list -m message "$SPOOL" >&- 2>err
	[ "$(cat err)" = 'ml-explode: stdout: Bad file descriptor' ]
	explode -l list -m message "$SPOOL" >/dev/full 2>err
	[ "$(cat err)" = 'ml-explode: stdout: No space left on device' ]
	[ "$(envelopes | wc -l)" -eq 2 ]
}

catches_term()
{
	local caught
	caught=$(sed -n 's/^SigCgt:[^0-9a-f]*//p' "/proc/$1/status")
	((0x${caught:-0} & 0x4000))
}

has_ended()
{
	! grep -q '^State:	[^Z]' "/proc/$1/status" 2>/dev/null
}

@test "HUP and TERM end a wait for somebody who writes the list, or the message" {
	mkfifo never
	for signal in HUP TERM; do
		for files in '-l list -m never' '-l never -m message'; do
			# shellcheck disable=SC2086
			start ml-explode -f a@x.org $files "$SPOOL"
			wait_for catches_term "$PID"
			# one that comes before the wait begins does not end it
			wait_for eval 'kill -s $signal "$PID"; has_ended "$PID"'
			stop "$PID"
			[ "$status" -eq 75 ]
			[ "$(cat "$PID_ERR")" = 'ml-explode: never: stopped by a signal, nothing was sent' ]
			[ -z "$(tree)" ]
		done
	done
}

@test "HUP, INT and TERM leave nothing behind, also in the middle of the list" {
	for signal in HUP INT TERM; do
		mkfifo "$signal"
		start env --default-signal=INT \
			sh -c 'exec ml-explode -f a@x.org -n 1 -m message "$1" <$2' - "$SPOOL" "$signal"
		exec 9>"$signal"
		addresses 100 >&9
		# the last few may wait for more to be written with them
		wait_for sh -c "ls '$SPOOL/mess' | grep -q '[.]80\$'"
		stop "$PID" "$signal"
		exec 9>&-
		[ "$status" -eq 75 ]
		[ "$(cat "$PID_ERR")" = 'ml-explode: stdin: stopped by a signal, nothing was sent' ]
		[ -z "$(tree)" ]
	done
}

@test "a write beyond the file size limit fails, and leaves nothing" {
	addresses 100000 >list
	run -71 --separate-stderr sh -c 'ulimit -f 16; exec ml-explode -f a@x.org -n 50000 -l list -m message "$1"' - "$SPOOL"
	[[ $stderr == *'File too large' ]]
	[ -z "$(tree)" ]
}

@test "memory does not grow with the list" {
	if grep -q __asan_init "$BIN/ml-explode"; then
		skip "a sanitizer needs memory of its own"
	fi
	addresses 400000 >list
	[ "$(wc -c <list)" -gt 8192000 ]
	run -0 sh -c 'ulimit -v 8000; exec ml-explode -f a@x.org -n 1000000 -l list -m message "$1"' - "$SPOOL"
	[ "$(head_of "$(envelopes)" rcpts | sed 's/^0*//')" = 400000 ]
}

@test "only a terminal is shown how far it is" {
	need script
	mkfifo fifo
	printf '#!/bin/sh\nexec ml-explode -f a@x.org -m message -l fifo "%s"\n' "$SPOOL" >run
	start script -qefc 'sh run' typescript </dev/null
	exec 9>fifo
	more_until_shown()
	{
		addresses 10 >&9
		grep -q ' recipients, .* a second' typescript
	}
	wait_for more_until_shown
	exec 9>&-
	wait "$PID"
	# The last thing is that the line goes, and NAME comes.
	run -0 sh -c "tr -d '\r' <typescript | grep -a \"\$(printf '\033')\\[K\$(ls '$SPOOL/new')\""
}

@test "the examples of the manual page work" {
	run_examples ml-explode
	[ "$(rcpts | sort | uniq -c | awk '{ print $1, $3 }' | tr '\n' ' ')" = '3 ann@example.com 2 bob@example.net ' ]
	[ "$(ls "$SPOOL/sent")" = issue44 ]
}

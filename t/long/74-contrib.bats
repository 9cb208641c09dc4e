#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# contrib: the sendmail front and the ways in for list servers, as their callers call them.
load ../lib

setup()
{
	CONTRIB=$BATS_TEST_DIRNAME/../../contrib
	mkspool
	export ML_SPOOL=$SPOOL ML_DOMAIN=host.example.org TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	printf 'ann@example.com\nbob@example.net\n' >"$BATS_TEST_TMPDIR/members"
}

sendmail()
{
	"$CONTRIB/sendmail" "$@"
}

# The only envelope, and its text with LF line ends.
envelope()
{
	local e
	e=$(envelopes)
	[ "$(wc -l <<<"$e")" -eq 1 ] || return
	echo "$e"
}

text()
{
	tr -d '\r' <"$(text_of "$(envelope)")"
}

@test "sendmail puts one message into the spool and says nothing" {
	run -0 sendmail -i -f news@example.org -- ann@example.com bob@example.net < <(letter)
	[ -z "$output" ]
	assert_envelope news@example.org ann@example.com bob@example.net
	text | diff - <(letter)
}

assert_envelope()
{
	local sender=$1
	shift
	[ "$(head_of "$(envelope)" from)" = "$sender" ]
	diff <(rcpts) <(printf 'T000 %s\n' "$@")
	[ -z "$(ls "$TMPDIR")" ]
}

@test "sendmail -t takes the recipients from the header and removes Bcc, whatever order its flags have" {
	local flags
	for flags in '-t -i -fnews@example.org' '-oi -t -r news@example.org' '-ti -bm -f <news@example.org>' \
		'-F Name -B 8BITMIME -oem -N never -G -ti -f news@example.org'; do
		rm -rf "$SPOOL"
		mkspool
		# shellcheck disable=SC2086
		printf 'To: ann@example.com\nBcc: bob@example.net\nSubject: x\n\nHi.\n' | sendmail $flags
		assert_envelope news@example.org ann@example.com bob@example.net
		run ! grep -i bcc <(text)
	done
}

@test "sendmail ends the message at a lone dot, unless -i says no" {
	printf 'Subject: x\n\na\n.\t\n.\r\nb\n' | sendmail -f news@example.org ann@example.com
	text | diff - <(printf 'Subject: x\n\na\n.\t\n')
	rm -rf "$SPOOL"
	mkspool
	printf 'Subject: x\n\na\n.\nb\n' | sendmail -i -f news@example.org ann@example.com
	text | diff - <(printf 'Subject: x\n\na\n.\nb\n')
}

@test "sendmail gives an address without a domain one, and knows the null sender" {
	letter | sendmail -f '<>' root
	assert_envelope '' root@host.example.org
	rm -rf "$SPOOL"
	mkspool
	letter | sendmail -i ann
	assert_envelope "$(id -un)@host.example.org" ann@host.example.org
}

@test "sendmail -V makes a broadcast with VERP" {
	letter | sendmail -V -f news@example.org -- ann@example.com bob@example.net
	assert_envelope news@example.org ann@example.com bob@example.net
	[ "$(head_of "$(envelope)" verp)" = += ]
	[[ "$(envelope)" == */new/*/* ]]
	rm "$(envelope)"
	letter | sendmail -V -f news@example.org -- '#hash@example.com' '#root' bob@example.net
	assert_envelope news@example.org '"#hash"@example.com' '"#root"@host.example.org' bob@example.net
	for rcpt in '' $'a@example.com\nb@example.com' $'a@example.com\tk=v'; do
		run -65 sendmail -V -f news@example.org -- bob@example.net "$rcpt" < <(letter)
		assert_lines 'sendmail: a recipient is no address'
	done
	[ "$(envelopes | wc -l)" -eq 1 ]
}

@test "sendmail refuses what it can't do, and passes on what ml-enqueue says" {
	local flags
	for flags in -bs -bp -q -q30m -I '-V -t' '-f' ''; do
		# shellcheck disable=SC2086
		run -64 sendmail $flags <<<x
		[[ "$output" == 'sendmail: '* ]]
	done
	run -65 sendmail -i -f news@example.org 'not an@address' <<<x
	run -65 sendmail -f news@example.org 'a@b@c' < <(printf 'a\0b\n')
	ML_SPOOL=$BATS_TEST_TMPDIR/none run -69 sendmail -i ann@example.com <<<x
	[ -z "$(tree)" ]
	[ -z "$(ls "$TMPDIR")" ]
}

@test "an alias with post explodes what the MTA pipes to it, without the mailbox lines" {
	{
		printf 'From x@example.org Mon Nov 23 10:00:00 2026\nReturn-Path: <x@example.org>\n'
		letter
		printf 'Return-Path: in the body\nFrom here on\n'
	} | "$CONTRIB/lists/post" news-bounces@lists.example.org "$BATS_TEST_TMPDIR/members" "$SPOOL"
	assert_envelope news-bounces@lists.example.org ann@example.com bob@example.net
	[ "$(head_of "$(envelope)" verp)" = += ]
	text | diff - <(letter; printf 'Return-Path: in the body\nFrom here on\n')
}

@test "post says 75 while its list is missing and 65 when it is bad, so the MTA knows what to do" {
	run -75 "$CONTRIB/lists/post" news@lists.example.org "$BATS_TEST_TMPDIR/none" "$SPOOL" < <(letter)
	echo nonsense >"$BATS_TEST_TMPDIR/bad"
	run -65 "$CONTRIB/lists/post" news@lists.example.org "$BATS_TEST_TMPDIR/bad" "$SPOOL" < <(letter)
	run -64 "$CONTRIB/lists/post" news@lists.example.org
	[ -z "$(tree)" ]
}

mlmmj_list()
{
	L=$BATS_TEST_TMPDIR/list
	mkdir -p "$L/control" "$L/archive" "$L/subscribers.d" "$L/queue" "$BATS_TEST_TMPDIR/bin"
	echo news@lists.example.org >"$L/control/listaddress"
	echo ann@example.com >"$L/subscribers.d/a"
	echo bob@example.net >"$L/subscribers.d/b"
	echo 11 >"$L/index"
	letter >"$L/queue/post"
	cp "$CONTRIB/lists/mlmmj-send" "$BATS_TEST_TMPDIR/bin/mlmmj-send"
	printf '#!/bin/sh\necho real "$@"\n' >"$BATS_TEST_TMPDIR/bin/mlmmj-send.real"
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
}

@test "in the place of mlmmj-send a post becomes a broadcast with its return path, and is archived" {
	mlmmj_list
	"$BATS_TEST_TMPDIR/bin/mlmmj-send" -L "$L" -m "$L/queue/post"
	assert_envelope news+bounces-12@lists.example.org ann@example.com bob@example.net
	[ "$(head_of "$(envelope)" verp)" = -= ]
	[ ! -e "$L/queue/post" ]
	diff "$L/archive/12" <(letter)
	[ "$(cat "$L/index")" = 12 ]
}

@test "in the place of mlmmj-send the author can be left out, and what the spool does not take goes to the real one" {
	mlmmj_list
	ML_SPOOL=$BATS_TEST_TMPDIR/none run -0 "$BATS_TEST_TMPDIR/bin/mlmmj-send" -L "$L" -m "$L/queue/post"
	assert_lines "ml-explode: $BATS_TEST_TMPDIR/none: not a whole spool: No such file or directory
real -L $L -m $L/queue/post"
	[ -e "$L/queue/post" ]
	[ -z "$(ls "$L/archive")" ]
	"$BATS_TEST_TMPDIR/bin/mlmmj-send" -L "$L" -m "$L/queue/post" -o ANN@example.com
	diff <(rcpts) <(echo 'T000 bob@example.net')
}

# In front of ml-explode: what it does is done, and yet it says 75.
denying()
{
	mkdir -p "$BATS_TEST_TMPDIR/denying"
	printf '#!/bin/sh\n"%s" "$@"\nexit 75\n' "$(command -v ml-explode)" >"$BATS_TEST_TMPDIR/denying/ml-explode"
	chmod +x "$BATS_TEST_TMPDIR/denying/ml-explode"
	PATH=$BATS_TEST_TMPDIR/denying:$PATH "$@"
}

@test "in the place of mlmmj-send what is in the spool does not go to the real one too, whatever ml-explode said" {
	mlmmj_list
	denying run -0 "$BATS_TEST_TMPDIR/bin/mlmmj-send" -L "$L" -m "$L/queue/post"
	[ -z "$output" ]
	assert_envelope news+bounces-12@lists.example.org ann@example.com bob@example.net
	[ -e "$L/archive/12" ]
	[ ! -e "$L/queue/post" ]
}

@test "in the place of mlmmj-send a post that can't be archived there goes to the real one" {
	mlmmj_list
	rmdir "$L/archive"
	run -0 "$BATS_TEST_TMPDIR/bin/mlmmj-send" -L "$L" -m "$L/queue/post"
	assert_lines "real -L $L -m $L/queue/post"
	[ -z "$(tree)" ]
	[ -z "$(ls "$TMPDIR")" ]
}

@test "in the place of mlmmj-send no subscriber is lost to a missing line end, or to a # that begins his address" {
	mlmmj_list
	printf cat@example.org >"$L/subscribers.d/c"
	printf '%s\n' '#hash@example.org' dan@example.org >"$L/subscribers.d/d"
	"$BATS_TEST_TMPDIR/bin/mlmmj-send" -L "$L" -m "$L/queue/post"
	diff <(rcpts | cut -d ' ' -f 2) - <<-'EOF'
	ann@example.com
	bob@example.net
	cat@example.org
	"#hash"@example.org
	dan@example.org
	EOF
}

@test "in the place of mlmmj-send everything but a post to the list goes on to the real one" {
	mlmmj_list
	run -0 "$BATS_TEST_TMPDIR/bin/mlmmj-send" -l 1 -L "$L" -T x@example.com -F y@example.org -m "$L/queue/post"
	assert_lines "real -l 1 -L $L -T x@example.com -F y@example.org -m $L/queue/post"
	[ -z "$(tree)" ]
}

@test "Mailman 3 and 2.1 hand a post over as a broadcast, and hear which failure is one to be retried" {
	need python3
	local call
	for call in 'import mailman3; mailman3.deliver(List, message, {"recipients": people})' \
		'import mailman2; mailman2.process(List, message, {"recips": people})'; do
		rm -rf "$SPOOL"
		mkspool
		cat >"$BATS_TEST_TMPDIR/call.py" <<-EOF
		import email, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, "$CONTRIB/lists")
		class List:
		    bounces_address = "news-bounces@lists.example.org"
		    def GetBouncesEmail():
		        return "news-bounces@lists.example.org"
		message = email.message_from_string(sys.stdin.read())
		people = set(["bob@example.net", "ann@example.com"] + sys.argv[1:])
		try:
		    $call
		except OSError:
		    sys.exit(75)
		except RuntimeError as error:
		    sys.exit(str(error))
		EOF
		letter | python3 "$BATS_TEST_TMPDIR/call.py"
		assert_envelope news-bounces@lists.example.org ann@example.com bob@example.net
		[ "$(head_of "$(envelope)" verp)" = += ]
		text | diff - <(letter)
		ML_SPOOL=$BATS_TEST_TMPDIR/none run -75 python3 "$BATS_TEST_TMPDIR/call.py" < <(letter)
		# tried again after it had gone well
		denying run -75 python3 "$BATS_TEST_TMPDIR/call.py" < <(letter)
		[ "$(envelopes | wc -l)" -eq 1 ]
		run -1 python3 "$BATS_TEST_TMPDIR/call.py" nobody < <(letter)
		[[ $output == *"ml-explode: "*": no @"* ]]
		rm "$(envelope)"
		letter | python3 "$BATS_TEST_TMPDIR/call.py" '#hash@example.org'
		rcpts | grep -qx 'T000 "#hash"@example.org'
	done
}

@test "systemd takes the units as they are" {
	need systemd-analyze
	mkdir "$BATS_TEST_TMPDIR/units"
	cp "$CONTRIB"/systemd/* "$BATS_TEST_TMPDIR/units"
	sed -i "s,/usr/local/bin,$BIN," "$BATS_TEST_TMPDIR"/units/*.service
	cd "$BATS_TEST_TMPDIR/units"
	run systemd-analyze verify --man=no ./ml-runner@news.service ./ml-requeue@news.service ./ml-requeue@news.timer
	[ -z "$output" ]
	[ "$status" -eq 0 ]
}

@test "every script is clean for shellcheck, and every one can be run" {
	need shellcheck
	local f
	find "$CONTRIB" -type f | while IFS= read -r f; do
		head -n 1 "$f" | grep -q '^#!.*sh$' || continue
		[ -x "$f" ] || { echo "$f: not executable"; exit 1; }
		shellcheck "$f"
	done
}

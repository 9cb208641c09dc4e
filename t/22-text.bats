# SPDX-License-Identifier: ISC
# What becomes of a message's text on its way into the spool.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# printf's ARGUMENT 1 is kept as printf's ARGUMENT 2.
keeps()
{
	rm -rf "$SPOOL"
	mkspool
	# shellcheck disable=SC2059
	printf "$1" | ml-enqueue -f a@x.org "$SPOOL" b@x.org >/dev/null
	# shellcheck disable=SC2059
	printf "$2" >expected
	cmp expected "$(text_of "$(envelopes)")" || {
		od -c "$(text_of "$(envelopes)")"
		return 1
	}
}

refuses()
{
	run -65 --separate-stderr ml-enqueue -f a@x.org "$SPOOL" b@x.org <message
	assert_stderr "ml-enqueue: stdin:$1"
	[ -z "$output" ]
	[ -z "$(tree)" ]
}

@test "every line ends in CRLF, however it came" {
	keeps 'a: b\n\nc\n' 'a: b\r\n\r\nc\r\n'
	keeps 'a: b\r\n\r\nc\r\n' 'a: b\r\n\r\nc\r\n'
	keeps 'a\rb' 'a\r\nb\r\n'
	keeps 'a\n\rb\r\r\nc\r' 'a\r\n\r\nb\r\n\r\nc\r\n'
	keeps '\r' '\r\n'
	keeps '\n\n' '\r\n\r\n'
}

@test "a last line without its end gets one, and nothing becomes one empty line" {
	keeps 'a' 'a\r\n'
	keeps 'a\r\nb' 'a\r\nb\r\n'
	keeps '' '\r\n'
}

@test "no line end but CRLF is left that could end the message early" {
	keeps 'a\n.\nb\n' 'a\r\n.\r\nb\r\n'
	keeps 'a\r\n.\r\nb\r\n' 'a\r\n.\r\nb\r\n'
	keeps 'a\n.\r\nb' 'a\r\n.\r\nb\r\n'
	keeps 'a\r\n.\nb' 'a\r\n.\r\nb\r\n'
	keeps 'a\r.\rb' 'a\r\n.\r\nb\r\n'
	keeps 'a\r\n.\rb' 'a\r\n.\r\nb\r\n'
	keeps 'a\r\n\r.\r\r\nb' 'a\r\n\r\n.\r\n\r\nb\r\n'
	for end in '\n.\n' '\r\n.\r\n' '\n.\r\n' '\r\n.\n' '\r.\r' '\r\n.\r' '\r.\r\n' '\n\r.\r\n' '\r\r\n.\r\r\n'; do
		rm -rf "$SPOOL"
		mkspool
		# shellcheck disable=SC2059
		printf "x: y\n\nhello${end}MAIL FROM:<evil@x.org>\n" | ml-enqueue -f a@x.org "$SPOOL" b@x.org >/dev/null
		text=$(text_of "$(envelopes)")
		[ "$(tr -cd '\r' <"$text" | wc -c)" -eq "$(tr -cd '\n' <"$text" | wc -c)" ]
		[ "$(grep -c "$(printf '\r')\$" "$text")" -eq "$(grep -c '' "$text")" ]
	done
}

@test "dots are not doubled: that is for who sends" {
	keeps '.\n..\n.a\n' '.\r\n..\r\n.a\r\n'
}

@test "a NUL is refused with its line" {
	printf 'a: b\n\nx\0y\n' >message
	refuses '3: NUL'
	printf '\0' >message
	refuses '1: NUL'
	{ yes line | head -n 50000; printf 'a\0'; } >message
	refuses '50001: NUL'
}

@test "a line has at most 998 octets" {
	keeps "$(printf '%0998d' 0)\n\n%0998d" "$(printf '%0998d' 0)\r\n\r\n$(printf '%0998d' 0)\r\n"
	mkspool "$BATS_TEST_TMPDIR/second"
	printf 'a\n\n%0999d\n' 0 >message
	refuses '3: line over 998 octets'
	printf 'a\r%0999d' 0 >message
	refuses '2: line over 998 octets'
	head -c 10000000 /dev/zero | tr '\0' x >message
	refuses '1: line over 998 octets'
}

@test "a line is measured whole where it comes in pieces" {
	{ printf '%0500d' 0; printf '%0498d\n' 0; } | dd bs=100 2>/dev/null |
		ml-enqueue -f a@x.org "$SPOOL" b@x.org
	[ "$(wc -c <"$(text_of "$(envelopes)")")" -eq 1000 ]
	mkspool "$BATS_TEST_TMPDIR/second"
	run -65 sh -c '{ printf "%0500d" 0; printf "%0499d\n" 0; } | dd bs=100 2>/dev/null | ml-enqueue -f a@x.org "$1" b@x.org' - "$SPOOL"
	[ -z "$(tree)" ]
}

@test "a CR and its LF stay one line end where a block ends between them" {
	# 65536 is a multiple of 64; the line of 65 octets moves the rest by one.
	{ printf '%063d\r\n' 0; for _ in $(seq 1022); do printf '%062d\r\n' 0; done; printf '%062d\r\n' 0; printf 'end\r\n'; } >message
	[ "$(head -c 65536 message | tail -c 1 | od -An -c | tr -d ' ')" = '\r' ]
	ml-enqueue -f a@x.org "$SPOOL" b@x.org <message
	cmp message "$(text_of "$(envelopes)")"
}

@test "a message without a header is kept as it is" {
	keeps 'hello\nTo: x\n' 'hello\r\nTo: x\r\n'
	run -1 grep -a '^id ' "$(envelopes)"
	keeps '\nhello\n' '\r\nhello\r\n'
}

@test "the envelope says whether there is 8-bit text, and the Message-ID" {
	body_and_id()
	{
		rm -rf "$SPOOL"
		mkspool
		# shellcheck disable=SC2059
		printf "$1" | ml-enqueue -f a@x.org "$SPOOL" b@x.org >/dev/null
		body=$(sed -n 's/^body //p' "$(envelopes)")
		got="${body:-8} $(sed -n 's/^id //p' "$(envelopes)")"
		[ "$got" = "$2" ] || { echo "got: $got"; return 1; }
	}
	body_and_id 'a: b\n\nplain\n' '7 '
	body_and_id 'Message-ID: <a@b>\n\n\303\274\n' '8 <a@b>'
	body_and_id 'x: y\nmessage-id:\n <folded@b> (c)\nMessage-ID: <second@b>\n\n' '7 <folded@b>'
	body_and_id 'Message-ID: none\n\n' '7 '
	body_and_id 'Message-ID: <a\033b@c>\n\n' '7 '
	body_and_id 'Message-ID: <a b@c>\n\n' '7 '
	body_and_id 'x: y\n\nMessage-ID: <body@b>\n' '7 '
}

@test "100 MB pass unharmed, in little memory" {
	big()
	{
		printf 'Subject: big\n\n'
		yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 100000000
	}
	if grep -q __asan_init "$BIN/ml-enqueue"; then
		limit=unlimited
	else
		limit=8000
	fi
	big | sh -c 'ulimit -v "$2"; exec ml-enqueue -f a@x.org "$1" b@x.org' - "$SPOOL" "$limit"
	{ big; echo; } | sed 's/$/\r/' | cmp - "$(text_of "$(envelopes)")"
}

@test "ml-explode treats a message the same way, and names its file" {
	addresses 2 >list
	printf 'a\rb\n.\nc' >message
	run -0 ml-explode -f a@x.org -l list -m message "$SPOOL"
	printf 'a\r\nb\r\n.\r\nc\r\n' | cmp - "$(text_of "$(envelopes)")"
	mkspool "$BATS_TEST_TMPDIR/second"
	printf 'a\n\0\n' >message
	run -65 --separate-stderr ml-explode -f a@x.org -l list -m message "$SPOOL"
	assert_stderr 'ml-explode: message:2: NUL'
	[ -z "$(tree)" ]
	run -65 --separate-stderr ml-explode -f a@x.org -l list "$SPOOL" < <(printf '%0999d' 0)
	assert_stderr 'ml-explode: stdin:1: line over 998 octets'
	[ -z "$(tree)" ]
}

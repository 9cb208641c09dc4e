# SPDX-License-Identifier: ISC
# What a list may contain, and what a bad line does.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	letter >message
}

# shellcheck disable=SC2120
explode()
{
	ml-explode -f news@example.org -m message "$@" "$SPOOL"
}

# The list is printf's ARGUMENT; line LINE of it is refused because of REASON, and nothing is left.
refuses()
{
	# shellcheck disable=SC2059
	printf "$1" >list
	run -65 --separate-stderr explode -l list
	assert_stderr "ml-explode: list:$2: $3"
	[ -z "$output" ]
	[ -z "$(tree)" ]
}

@test "what is wrong with an address is told with file and line, and nothing is published" {
	refuses 'ok@x.org\nann.example.com\n' 2 'no @'
	refuses '@x.org\n' 1 'nothing before the @'
	refuses 'a@\n' 1 'nothing behind the @'
	refuses 'a@b@x.org\n' 1 'more than one @'
	refuses '"a@x.org"\n' 1 'no @'
	refuses '"a@x.org\n' 1 'quote not closed'
	refuses '"a\\"@x.org\n' 1 'quote not closed'
	refuses 'a b@x.org\n' 1 'space outside quotes'
	refuses 'a@x.org \n' 1 'space outside quotes'
	refuses ' a@x.org\n' 1 'space outside quotes'
	refuses 'Ann <a@x.org>\n' 1 'space outside quotes'
	refuses '<a@x.org>\n' 1 '< or > in it'
	refuses '"<"@x.org\n' 1 '< or > in it'
	refuses 'a\001@x.org\n' 1 'control character'
	refuses '"a\001"@x.org\n' 1 'control character'
	refuses 'a\177@x.org\n' 1 'control character'
	refuses 'a\302\205@x.org\n' 1 'control character'
	refuses 'a\r@x.org\n' 1 'control character'
	refuses 'a@x.org\r\r\n' 1 'control character'
	refuses 'a@x.org\r' 1 'control character'
	refuses 'ok@x.org\na\000@x.org\n' 2 'control character'
	refuses 'a\377@x.org\n' 1 'not valid UTF-8'
	refuses 'a\300\200@x.org\n' 1 'not valid UTF-8'
	refuses 'a\355\240\200@x.org\n' 1 'not valid UTF-8'
	refuses 'a@x.org\303' 1 'not valid UTF-8'
}

@test "what is left to the MTA passes" {
	printf '%s\n' a@localhost '"a b@c"@x.org' '"a\"b"@x.org' 'a..b@x.org' '.a@x.org.' \
		'!#$%&*+-/=?^_`{|}~@x.org' 'x@[IPv6:::1]' 'grün@bücher.example' '😀@x.org' 'a,b;c@x' >list
	run -0 --separate-stderr explode -l list
	assert_stderr ''
	sed 's/^/T000 /' list | cmp - <(rcpts)
}

@test "an address has at most 320 octets, its domain 255" {
	printf '%064d@%0255d\n' 0 0 >list
	run -0 explode -l list
	mkspool "$BATS_TEST_TMPDIR/second"
	refuses "$(printf '%065d@%0255d' 0 0)\n" 1 'over 320 octets'
	refuses "$(printf '%01d@%0256d' 0 0)\n" 1 'domain over 255 octets'
}

@test "a byte order mark is not part of the first address" {
	printf '\357\273\277a@x.org\nb@x.org\n' >list
	run -0 explode -l list
	[ "$(rcpts | tr '\n' ' ')" = 'T000 a@x.org T000 b@x.org ' ]
}

@test "an empty field, as a database writes for what is NULL, is none" {
	printf 'a@x.org\t\nb@x.org\ta=1\t\tb=2\n' >list
	run -0 explode -l list
	sed 's/^/T000 /' list | cmp - <(rcpts)
}

@test "a field is key=value, without control characters" {
	printf 'a@x.org\tname=Ann Ex\tA.b-c_9=\tx==\tutf=ü\n' >list
	run -0 explode -l list
	sed 's/^/T000 /' list | cmp - <(rcpts)
	mkspool "$BATS_TEST_TMPDIR/second"
	refuses 'a@x.org\tname\n' 1 'a field is not key=value'
	refuses 'a@x.org\t=v\n' 1 'a field is not key=value'
	refuses 'a@x.org\tna me=v\n' 1 'a field is not key=value'
	refuses 'a@x.org\tk=a\rb\n' 1 'control character in a field'
	refuses 'a@x.org\tk=a\000b\n' 1 'control character in a field'
	refuses 'a@x.org\tk=\177\n' 1 'control character in a field'
	refuses '\tk=v\n' 1 'empty address'
}

@test "a field's key is any word without =, as in the layout" {
	printf 'a@x.org\tprénom=Ann\tfirst+name=Ann\ta:b/c{d}|<e>=1\t#!~=x\n' >list
	run -0 --separate-stderr explode -l list
	assert_stderr ''
	sed 's/^/T000 /' list | cmp - <(rcpts)
	mkspool "$BATS_TEST_TMPDIR/second"
	refuses 'a@x.org\tk\033=v\n' 1 'a field is not key=value'
	refuses 'a@x.org\tk\177=v\n' 1 'a field is not key=value'
}

@test "CRLF ends, empty lines, comments and a last line without its end are understood" {
	printf '# a comment\r\n\r\na@x.org\r\n\n#b@x.org\nc@x.org\tk=v\r\nd@x.org' >list
	run -0 explode -l list
	[ "$(rcpts)" = "T000 a@x.org
T000 c@x.org	k=v
T000 d@x.org" ]
}

@test "lines that are skipped count" {
	refuses '# 1\n\n\r\nbad\n' 4 'no @'
}

@test "a line has at most 8192 octets, its end not counted" {
	{ printf 'a@x.org\tk=%08182d\r\n' 0; printf 'b@x.org\tk=%08182d' 0; } >list
	run -0 explode -l list
	[ "$(rcpts | awk '{ print length($0) - 5 }' | tr '\n' ' ')" = '8192 8192 ' ]
	mkspool "$BATS_TEST_TMPDIR/second"
	for end in '\n' '\r\n' '' '\nb@x.org\n'; do
		refuses "ok@x.org\n$(printf 'a@x.org\tk=%08183d' 0)$end" 2 'line over 8192 octets'
	done
}

@test "a line of 1 MB is refused, or skipped as one line" {
	{ echo a@x.org; head -c 1000000 /dev/zero | tr '\0' x; echo; echo b@x.org; } >list
	run -65 --separate-stderr explode -l list
	assert_stderr 'ml-explode: list:2: line over 8192 octets'
	[ -z "$(tree)" ]
	run -0 --separate-stderr explode -s -l list
	assert_stderr 'ml-explode: list:2: line over 8192 octets'
	[ "$(rcpts | tr '\n' ' ')" = 'T000 a@x.org T000 b@x.org ' ]
}

@test "-s reports each bad line, leaves it out, and exits 0" {
	printf 'a@x.org\nbad\nb@x.org\tk\nc@\x00x.org\nd@x.org\n' >list
	run -0 --separate-stderr explode -s -l list
	assert_stderr 'ml-explode: list:2: no @
ml-explode: list:3: a field is not key=value
ml-explode: list:4: control character'
	[ "$(rcpts | tr '\n' ' ')" = 'T000 a@x.org T000 d@x.org ' ]
	mkspool "$BATS_TEST_TMPDIR/second"
	printf 'bad\n' >list
	run -0 --separate-stderr explode -s -l list
	assert_stderr 'ml-explode: list:1: no @
ml-explode: list: no recipient, nothing was sent'
	[ -z "$(tree)" ]
}

@test "a bad line at the end of a long list takes back what was staged before it" {
	{ addresses 20000; echo bad; } >list
	run -65 --separate-stderr explode -n 100 -l list
	assert_stderr 'ml-explode: list:20001: no @'
	[ -z "$(tree)" ]
}

@test "no line is lost or cut where one window of the list ends and the next begins" {
	awk 'BEGIN { for (i = 1; i <= 9000; i++) { printf "u%d@x.org\tk=", i; for (j = i % 97; j > 0; j--) printf "x"; print "" } }' >list
	sed 's/^/T000 /' list >expected
	run -0 explode -l list
	cmp expected <(rcpts)
	# A pipe gives pieces of other sizes.
	mkspool "$BATS_TEST_TMPDIR/second"
	dd if=list bs=777 2>/dev/null | explode >/dev/null
	cmp expected <(rcpts)
}

@test "the name of a list from stdin is stdin, and a strange file name is escaped" {
	run -65 --separate-stderr explode < <(echo bad)
	assert_stderr 'ml-explode: stdin:1: no @'
	echo bad >$'li\nst'
	run -65 --separate-stderr explode -l $'li\nst'
	assert_stderr 'ml-explode: li\x0ast:1: no @'
}

# SPDX-License-Identifier: ISC
# ml-explode -k: the same broadcast never goes out twice.  Kills between the steps: see long/.
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
	ml-explode -f news@example.org -k key -l list -m message "$SPOOL"
}

@test "the record says which broadcast it was, of what message and list" {
	run -0 --separate-stderr explode
	assert_stderr ''
	name=$output
	[ "$(tree)" = 'mess/a.1
new/a/
new/a/a.1
sent/key' ]
	[ "$(head_of "$(envelopes)" key)" = key ]
	sums="$(cksum <"$(text_of "$(envelopes)")") $(cksum <list)"
	run -0 cat "$SPOOL/sent/key"
	assert_lines "ml1
broadcast $name
sums $sums"
}

@test "asking again gives the same NAME, exit 0, and sends nothing" {
	run -0 explode
	name=$output
	before=$(tree)
	run -0 --separate-stderr explode
	assert_stderr ''
	[ "$output" = "$name" ]
	[ "$(tree)" = "$before" ]
	# Also when all of it was delivered long ago.
	rm -r "$SPOOL/new/$name" "$SPOOL"/mess/*
	run -0 explode
	[ "$output" = "$name" ]
	[ "$(tree)" = 'sent/key' ]
}

@test "another list or another message under the same key is refused, with the first one's NAME" {
	run -0 explode
	name=$output
	before=$(tree)
	echo more@x.org >>list
	run -65 --separate-stderr explode
	[ "$output" = "$name" ]
	assert_stderr 'ml-explode: key: was sent to another list, nothing was sent now'
	addresses 3 >list
	letter other >message
	run -65 --separate-stderr explode
	[ "$output" = "$name" ]
	assert_stderr 'ml-explode: key: was sent with another message, nothing was sent now'
	[ "$(tree)" = "$before" ]
}

@test "where NAME in the environment is the key, a list that changed is a warning, a message is not" {
	run -0 explode
	name=$output
	before=$(tree)
	echo more@x.org >>list
	NAME=other run -65 explode
	NAME=key run -0 --separate-stderr explode
	[ "$output" = "$name" ]
	assert_stderr 'ml-explode: key: was sent to another list, and is not sent again'
	letter other >message
	NAME=key run -65 --separate-stderr explode
	[ "$output" = "$name" ]
	[ "$(tree)" = "$before" ]
}

@test "a list that has become empty or bad is another list, under a key that was used" {
	run -0 explode
	name=$output
	before=$(tree)
	: >list
	run -65 --separate-stderr explode
	[ "$output" = "$name" ]
	assert_stderr 'ml-explode: key: was sent to another list, nothing was sent now'
	NAME=key run -0 --separate-stderr explode
	[ "$output" = "$name" ]
	assert_stderr 'ml-explode: key: was sent to another list, and is not sent again'
	printf '%s\n' ann@example.com bad >list
	run -65 --separate-stderr explode
	[ "$output" = "$name" ]
	[ "${stderr##*$'\n'}" = 'ml-explode: key: was sent to another list, nothing was sent now' ]
	NAME=key run -0 --separate-stderr explode
	[ "$output" = "$name" ]
	[[ $stderr == 'ml-explode: list:2: '*'
ml-explode: key: was sent to another list, and is not sent again' ]]
	letter other >message
	NAME=key run -65 --separate-stderr explode
	[ "${stderr##*$'\n'}" = 'ml-explode: key: was sent with another message, nothing was sent now' ]
	[ "$(tree)" = "$before" ]
}

@test "a broadcast that was cut off behind its record is completed by who comes with an empty or bad list" {
	run -0 explode
	name=$output
	whole=$(tree)
	for list in '' bad; do
		mv "$SPOOL/new/$name" "$SPOOL/tmp/$name"
		printf %s "$list" >list
		NAME=key run -0 explode
		[ "$(tree)" = "$whole" ]
	done
}

@test "under a key that nobody has used, an empty list is no error and a bad one is, and neither leaves a record" {
	: >list
	run -0 --separate-stderr explode
	assert_stderr 'ml-explode: list: no recipient, nothing was sent'
	[ -z "$output" ]
	echo bad >list
	NAME=key run -65 --separate-stderr explode
	[[ $stderr == 'ml-explode: list:1: '* ]]
	[ -z "$output" ]
	[ -z "$(tree)" ]
}

@test "line ends that become the same text are the same message" {
	run -0 explode
	name=$output
	letter | sed 's/$/\r/' >message
	run -0 explode
	[ "$output" = "$name" ]
}

@test "other keys are other broadcasts" {
	run -0 explode
	name=$output
	run -0 ml-explode -f news@example.org -k key.2 -l list -m message "$SPOOL"
	[ "$output" != "$name" ]
	[ "$(ls "$SPOOL/sent")" = "$(printf 'key\nkey.2')" ]
	[ "$(find "$SPOOL/new" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}

@test "of many at the same time one is sent, and all print its NAME" {
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		start explode
		pids+=("$PID")
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(cat out.* | sort -u | wc -l)" -eq 1 ]
	[ "$(cat out.* | wc -l)" -eq 8 ]
	[ "$(cat err.*)" = '' ]
	[ "$(tree)" = 'mess/a.1
new/a/
new/a/a.1
sent/key' ]
}

@test "a broadcast that was cut off behind its record is completed by who asks again" {
	run -0 explode
	name=$output
	mv "$SPOOL/new/$name" "$SPOOL/tmp/$name"
	run -0 explode
	[ "$output" = "$name" ]
	[ "$(tree)" = 'mess/a.1
new/a/
new/a/a.1
sent/key' ]
}

@test "a record that can't be read blocks its key, and nothing is left" {
	touch "$SPOOL/sent/key"
	run --separate-stderr explode
	[ "$status" -ne 0 ]
	[ -z "$output" ]
	[[ $stderr == 'ml-explode: sent/key: '* ]]
	[ "$(tree)" = 'sent/key' ]
	: >list
	run -65 --separate-stderr explode
	assert_stderr 'ml-explode: sent/key: not a record of a key, nothing was sent'
	[ "$(tree)" = 'sent/key' ]
}

@test "refused input leaves no record" {
	echo bad >>list
	run -65 explode
	addresses 3 >list
	printf '\0' >message
	run -65 explode
	[ -z "$(tree)" ]
}

@test "a key is 1 to 100 of the characters that names have, with no dot in front" {
	key=$(printf '%0100d' 0)
	for k in a 'A9_=+@-.' "$key"; do
		run -0 ml-explode -f news@example.org -k "$k" -l list -m message "$SPOOL"
		[ -f "$SPOOL/sent/$k" ]
	done
	for k in '' .a . .. a/b ../x 'a b' 'a:b' "${key}0" ü; do
		run -64 ml-explode -f news@example.org -k "$k" -l list -m message "$SPOOL"
	done
	[ "$(find "$SPOOL/sent" -type f | wc -l)" -eq 3 ]
}

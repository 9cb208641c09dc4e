#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The pipe transport: what a command is given, and what its exit code means.
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2119,SC2120,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

pipe()
{
	run --separate-stderr timeout 30 ml-runner -1 "$SPOOL" pipe "$@"
}

# command NAME: an executable of that name from stdin
command_of()
{
	{ echo '#!/bin/sh'; cat; } >"$1"
	chmod +x "$1"
}

@test "the command gets sender, recipient and name as arguments and in its environment" {
	post ann@example.com '"o; touch x #"@example.com'
	command_of show <<'EOF'
printf '%s|' "$SENDER" "$RECIPIENT" "$NAME" "$@" >>shown
echo >>shown
EOF
	pipe ./show {sender} {rcpt} a{name}b{name} '' '*'
	[ "$status" -eq 0 ]
	run cat shown
	for r in ann@example.com '"o; touch x #"@example.com'; do
		printf 'news@example.org|%s|%s|news@example.org|%s|a%sb%s||*|\n' "$r" "$UNIQUE" "$r" \
			"$UNIQUE" "$UNIQUE"
	done >expected
	assert_lines "$(cat expected)"
	[ ! -e x ]
	[ "$(rcpts 'done' | cut -c 1-4 | uniq -c | tr -s ' ')" = " 2 D250" ]
}

@test "{rcpts} gives all of them, at most -n, and no RECIPIENT" {
	explode 7
	command_of show <<'EOF'
echo "$# $RECIPIENT" >>shown
EOF
	RECIPIENT=x run --separate-stderr ml-runner -1 -n 3 "$SPOOL" pipe ./show {rcpts}
	[ "$status" -eq 0 ]
	run cat shown
	assert_lines "$(printf '%s\n' '3 ' '3 ' '1 ')"
}

@test "as many recipients an invocation as the argument limit allows" {
	address=$(printf 'x%.0s' $(seq 60)).$(printf 'y%.0s' $(seq 180))
	ml-explode -f news@example.org -n 20000 -m <(letter) \
		-l <(seq 20000 | sed "s/.*/&@$address.example.com/") "$SPOOL" >/dev/null
	command_of count <<'EOF'
echo "$#" >>shown
EOF
	run --separate-stderr timeout 60 ml-runner -1q -n 1000000 "$SPOOL" pipe ./count {rcpts}
	[ "$status" -eq 0 ]
	[ "$(awk '{ n += $1 } END { print n }' shown)" -eq 20000 ]
	[ "$(wc -l <shown)" -gt 1 ]
	[ "$(wc -l <shown)" -lt 50 ]
	[ -z "$(envelopes defer fail)" ]
}

@test "{rcpts}: addresses beyond ASCII stand among the others, in one invocation" {
	post ann@example.com jürgen@example.com bob@example.com ü@example.org eve@example.com
	command_of show <<'EOF'
echo "$@" >>shown
EOF
	pipe ./show {rcpts}
	[ "$status" -eq 0 ]
	run cat shown
	assert_lines 'ann@example.com jürgen@example.com bob@example.com ü@example.org eve@example.com'
	[ "$(rcpts 'done' | cut -c 1-4 | uniq -c | tr -s ' ')" = " 5 D250" ]
}

# to_count N DOMAIN ARGUMENT…: one envelope to N addresses there; shown has the words of each invocation
to_count()
{
	local n=$1 domain=$2
	shift 2
	ml-explode -f news@example.org -n 1000000 -m <(letter) \
		-l <(seq "$n" | sed "s/.*/&@$domain/") "$SPOOL" >/dev/null
	command_of count <<'EOF'
echo "$#" >>shown
EOF
	rm -f shown
	run --separate-stderr timeout 60 ml-runner -1q -n 1000000 "$SPOOL" pipe ./count "$@"
	[ "$status" -eq 0 ]
	[ -z "$(envelopes defer fail)" ]
}

@test "short addresses: as many an invocation as there is room for them, and not for the longest" {
	ulimit -S -s 1024       # a quarter of it is for arguments
	to_count 3000 example.com {rcpts}
	[ "$(cat shown)" -eq 3000 ]
}

@test "long addresses, all of them twice: no invocation is more than the system takes" {
	ulimit -S -s 1024
	to_count 1000 "$(printf 'x%.0s' $(seq 60)).$(printf 'y%.0s' $(seq 180)).example.com" {rcpts} {sender} {name}{name} {rcpts}
	[ "$(awk '{ n += $1 - 2 } END { print n }' shown)" -eq 2000 ]
	[ "$(wc -l <shown)" -gt 1 ]
	[ "$(wc -l <shown)" -lt 6 ]
}

@test "{rcpt} beside {rcpts} is refused at the start, with 64" {
	post
	pipe true {rcpt} {rcpts}
	[ "$status" -eq 64 ]
	assert_stderr 'ml-runner: {rcpt}: is one recipient, and {rcpts} are all of them'
	[ "$(rcpts new)" = "T000 ann@example.com" ]
}

@test "with a return path of its own each recipient has an invocation, and that path is the sender" {
	explode 2 -V +=
	command_of show <<'EOF'
echo "$1 $SENDER $2" >>shown
EOF
	pipe ./show {sender} {rcpts}
	run cat shown
	assert_lines "$(for i in 1 2; do
		p=news+user$i=example.com@example.org
		echo "$p $p user$i@example.com"
	done)"
}

@test "the message comes on stdin as it was given, with LF line ends, dots and all" {
	printf 'Subject: x\n\n.\n..\r\n.x\n\n' >letter
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter >/dev/null
	pipe tee copy
	run cmp copy <(tr -d '\r' <letter)
	[ "$status" -eq 0 ]
}

@test "what the command prints does not end up in anything" {
	post
	pipe echo hello
	[ "$status" -eq 0 ]
	run ! grep -q hello "$(envelopes 'done')"
}

# gives CODE: DIR and STATE that follow from an exit code, and the note
gives()
{
	find "$SPOOL" -type f -delete
	post
	pipe sh -c "echo because >&2; exit $1"
	f=$(envelopes)
	[ "$(basename "$(dirname "$f")")" = "$2" ] && [ "$(rcpts)" = "$3 ann@example.com" ] &&
		[ "$(grep '^!' "$f")" = "${4:+$4: because}" ] && return
	echo "exit $1: $f"
	cat "$f"
	return 1
}

@test "0 delivers; 65, 67, 68, 76 and 100 fail, with the last words as the reason" {
	gives 0 'done' D250
	gives 65 fail F554 '! 0 554 5.3.0 exit 65'
	gives 67 fail F550 '! 1 550 5.1.1 exit 67'
	gives 68 fail F550 '! 1 550 5.1.2 exit 68'
	gives 76 fail F554 '! 0 554 5.3.0 exit 76'
	gives 100 fail F554 '! 0 554 5.3.0 exit 100'
}

@test "every other code is tried again later" {
	for code in 1 2 64 66 69 70 71 72 73 74 75 77 78 99 101 111 126 127 255; do
		gives "$code" defer T451 "! 1 451 4.3.0 exit $code"
	done
}

@test "a command killed by a signal is tried again later" {
	post
	pipe sh -c 'kill -9 $$'
	[ "$(rcpts defer)" = "T451 ann@example.com" ]
	[ "$(grep '^!' "$(envelopes defer)")" = '! 1 451 4.3.0 exit 137' ]
}

@test "a missing command, or one that can't be executed, is tried again later, with the reason" {
	post
	pipe ./missing
	[ "$status" -eq 0 ]
	[ "$(grep '^!' "$(envelopes defer)")" = '! 1 451 4.3.0 exit 127: ./missing: No such file or directory' ]
	rm "$(envelopes defer)"
	post
	echo x >plain
	pipe ./plain
	[ "$(grep '^!' "$(envelopes defer)")" = '! 1 451 4.3.0 exit 126: ./plain: Permission denied' ]
}

@test "a command that leaves a big message unread is judged by its exit code alone" {
	{ letter; yes 'a line of some length, many times over' | head -n 50000; } |
		ml-enqueue -f news@example.org "$SPOOL" ann@example.com >/dev/null
	pipe true
	[ "$(rcpts 'done')" = "D250 ann@example.com" ]
	{ letter; yes 'a line of some length, many times over' | head -n 50000; } |
		ml-enqueue -f news@example.org "$SPOOL" ann@example.com >/dev/null
	pipe sh -c 'head -c 10 >/dev/null; exec 0<&-; exit 67'
	[ "$(rcpts fail)" = "F550 ann@example.com" ]
}

@test "a command that says more than a pipe holds is heard to the end" {
	post
	pipe sh -c 'yes x | head -n 200000 >&2; echo last >&2; exit 65'
	[[ $(grep '^!' "$(envelopes fail)") == *": last" ]]
}

@test "a command that says much before it reads a big message is heard at once" {
	{ letter; yes 'a line of some length, many times over' | head -n 5000; } >letter
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter >/dev/null
	run --separate-stderr timeout 30 ml-runner -1 -t 5 "$SPOOL" \
		pipe sh -c 'head -c 500000 /dev/zero | tr "\0" x >&2; echo >&2; cat >copy'
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done')" = "D250 ann@example.com" ]
	cmp letter copy
}

@test "a child of the command that goes on with its stderr does not hold up the runner" {
	post
	pipe sh -c 'sleep 20 >/dev/null & echo $! >child; exit 0'
	kill "$(cat child)"
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done')" = "D250 ann@example.com" ]
}

@test "-t: a command that takes too long is ended, and tried again later" {
	post
	run --separate-stderr timeout 10 ml-runner -1 -t 1 "$SPOOL" pipe sleep 30
	[ "$status" -eq 0 ]
	[ "$(rcpts defer)" = "T451 ann@example.com" ]
	[[ $(grep '^!' "$(envelopes defer)") == '! 1 451 4.3.0 timed out'* ]]
}

@test "an address inside an argument is refused at the start, with 64, and so is one for a program" {
	post
	for a in 'x{rcpt}' '{sender}@' 'to={rcpts}' "echo '{rcpt}'"; do
		pipe sh -c "$a"
		[ "$status" -eq 64 ]
		[[ $stderr == "ml-runner: "* ]]
	done
	for a in {rcpt} {sender} {rcpts}; do
		pipe "$a"
		[ "$status" -eq 64 ]
	done
	[ "$(rcpts new)" = "T000 ann@example.com" ]
}

@test "what the command writes can forge neither a line of the log nor of the envelope" {
	post
	pipe sh -c 'printf "x\\033[31m\\r\"\\\\ \\001 y\n" >&2; exit 65'
	run ! grep -q $'[\e\r\1]' "$(envelopes fail)"
	run ! grep -q $'[\e\r\1]' <<<"$stderr"
}

@test "ten failures of the command in a row, and -1 ends with 75" {
	explode 30 -n 1
	pipe false
	[ "$status" -eq 75 ]
	[ "$(rcpts defer | wc -l)" -eq 10 ]
	[ "$(rcpts new | wc -l)" -eq 20 ]
}

# A post into the inbox becomes a broadcast in the outbox.
to_outbox()
{
	pipe "$@" ml-explode -k {name} -f news-bounces@example.org -V += -l members "$BATS_TEST_TMPDIR/outbox"
}

inbox()
{
	mkspool "$BATS_TEST_TMPDIR/outbox"
	mkspool
	NAME=$(letter | ml-enqueue -f ann@example.org "$SPOOL" list@example.org)
	UNIQUE=${NAME#*.}
}

outbox_has()
{
	[ "$(find outbox/new -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 1 ]
	[ "$(find outbox -type f -name '*.*.1' -path '*/new/*' | wc -l)" -eq 1 ]
	[ "$(ls outbox/sent)" = "$UNIQUE" ]
	[ -z "$(ls -A outbox/tmp)" ]
	[ "$(grep -c '^T000 ' outbox/new/*/*)" -eq "$1" ]
}

@test "spool to spool: one post in the inbox becomes one broadcast in the outbox" {
	inbox
	addresses 30 >members
	to_outbox
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done')" = "D250 list@example.org" ]
	outbox_has 30
	# and again under the same name: nothing more
	f=$(envelopes 'done')
	sed -i 's/^D250/T000/' "$f"
	mv "$f" "$SPOOL/new/"
	letter | ml-enqueue -f ann@example.org "$SPOOL" x@example.org >/dev/null
	mv "$SPOOL"/mess/* "$SPOOL/mess/$UNIQUE"
	rm "$(grep -l x@example.org "$SPOOL"/new/*)"
	to_outbox
	outbox_has 30
}

@test "spool to spool: a list that is missing for a while is tried again, and then sent once" {
	inbox
	to_outbox
	[ "$status" -eq 0 ]
	[[ $(grep '^!' "$(envelopes defer)") == "! 1 451 4.3.0 exit "*": ml-explode: members: No such file or directory" ]]
	addresses 30 >members
	to_outbox
	[ "$(rcpts defer | wc -l)" -eq 1 ]
	ml-requeue -a "$SPOOL"
	to_outbox
	[ -z "$(envelopes new cur defer fail)" ]
	outbox_has 30
}

@test "spool to spool: a bad list fails the post, and the envelope tells the line" {
	inbox
	printf '%s\n' ann@example.com nobody >members
	to_outbox
	[ "$status" -eq 0 ]
	[ "$(rcpts fail)" = "F554 list@example.org" ]
	[[ $(grep '^!' "$(envelopes fail)") == "! 0 554 5.3.0 exit 65: "*"members:2: "* ]]
	[ -z "$(ls -A outbox/new)$(ls -A outbox/sent)" ]
}

@test "spool to spool: a runner killed between the broadcast and its mark sends one broadcast" {
	inbox
	addresses 30 >members
	command_of killer <<'EOF'
"$@" >/dev/null
code=$?
[ -e killed ] || { : >killed; kill -9 $PPID; }
exit $code
EOF
	run ml-runner -1q "$SPOOL" pipe ./killer ml-explode -k {name} -f news-bounces@example.org \
		-V += -l members outbox
	[ "$status" -eq 137 ]
	[ -e killed ]
	[ "$(rcpts cur)" = "T000 list@example.org" ]
	outbox_has 30
	seq 100 110 | sed 's/$/@example.com/' >>members         # the list has changed meanwhile
	ml-requeue -g 0 "$SPOOL"
	run ml-runner -1q "$SPOOL" pipe ./killer ml-explode -k {name} -f news-bounces@example.org \
		-V += -l members outbox
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done')" = "D250 list@example.org" ]
	outbox_has 30
}

@test "spool to spool: a list that is empty or bad when the post is tried again does not fail it, if it was sent" {
	inbox
	addresses 30 >members
	# sent, and then no answer
	to_outbox sh -c '"$@"; exit 75' sh
	[ "$(rcpts defer)" = "T451 list@example.org" ]
	for members in '' nobody; do
		echo "$members" >members
		ml-requeue -a "$SPOOL"
		to_outbox sh -c '"$@" || exit; [ -n "$(cat members)" ] || exit 75' sh
	done
	[ "$status" -eq 0 ]
	[ "$(rcpts 'done')" = "D250 list@example.org" ]
	outbox_has 30
}

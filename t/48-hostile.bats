#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What anybody may have put into a spool, in each of its directories: one line each, the rest of the queue is
# worked, nothing outside is touched, and no name and no reply reaches a terminal raw.
# What needs root, or a minute, is in long/95-hostile.bats.  Envelopes that only a fault can have left are in
# 39-odd.bats, single names in 40-requeue.bats, 45-status.bats and 46-sweep.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

NEVER=1700000000000000.never.1.00000000
LONG=$(printf '%0238d' 0)
# valid UTF-8 that a terminal obeys: the line is reordered, hidden in, broken
OBEYED=$'txt.\xe2\x80\xaegpj\xe2\x81\xa6\xe2\x80\x8b\xc2\xad\xd8\x9c\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xb9\xf3\xa0\x80\xa1'

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	echo 'nobody writes here' >canary
	mkdir aviary
	echo 'nor here' >aviary/0000000000000001.bird
	outside=$(everything_outside)
}

everything_outside()
{
	find canary aviary -exec stat -c '%n %a %u %g %h %s %F %y %z' {} + | sort
}

nothing_outside_touched()
{
	[ "$(everything_outside)" = "$outside" ]
}

# litter DIR [SUFFIX]: one of each kind into SPOOL/DIR, under a NAME (with SUFFIX) and under none
litter()
{
	local at
	for at in "0000000000000001.%s${2:-}" '%s'; do
		# shellcheck disable=SC2059
		name() { printf "$at" "$1"; }
		(
			cd "$SPOOL/$1" || exit
			ln -s ../../canary "$(name link)"
			ln -s ../../aviary "$(name nest)"
			ln -s nowhere "$(name gone)"
			mkfifo "$(name fifo)"
			mkdir "$(name dir)"
			echo inside >"$(name dir)/README"
		)
	done
	echo x >"$SPOOL/$1/0000000000000002.$LONG"
	echo x >"$SPOOL/$1/"$'0000000000000003.two\nlines\e[31m'
	echo x >"$SPOOL/$1/"$'evil\e]0;x\a\t\xff\xc2\x9b31m'
	echo x >"$SPOOL/$1/$OBEYED"
}

# All names of litter are still in DIR.
littered()
{
	[ "$(find "$SPOOL/$1" -mindepth 1 -maxdepth 1 ! -name '[1T.]*' -printf x | wc -c)" -eq 14 ]
}

# Not one line twice, and no octet that a terminal would obey; C1 is 0xc2 and 0x80 to 0x9f.
clean_log()
{
	[ -z "$(sort "$1" | uniq -d)" ]
	[ -z "$(tr -d '\n -~' <"$1")" ]
}

# clean_text: $output may have TABs and UTF-8 that is shown, and nothing else but printable ASCII
clean_text()
{
	[ -z "$(tr -d '\n\t -~\302-\364\200-\277' <<<"$output")" ]
	run ! grep -qaP '\xc2[\x80-\x9f]|[\xc2-\xf4](?![\x80-\xbf])' <<<"$output"
	run ! grep -qaP '\xc2\xad|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf' <<<"$output"
	run ! grep -qaP '\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81]' <<<"$output"
}

peer_elsewhere()
{
	printf 'host elsewhere\npid 1\nboot b\npidns 1\nrole runner\nstate busy\n' >"$SPOOL/run/$1"
}

# --- each directory

@test "in new/ and in a broadcast a runner tells of each stranger once, leaves it, and delivers the rest" {
	litter new
	explode 4 -n 2
	broadcast=$NAME
	litter "new/$broadcast"
	post one@example.com
	sink
	start_runner -q
	wait_for has_delivered 5
	post two@example.com
	kill -s ALRM "$PID"
	wait_for has_delivered 6
	stop "$PID"
	[ "$status" -eq 0 ]
	clean_log "$PID_ERR"
	# a directory with a NAME is a broadcast: 13 names, 1 in it, and 14 in the other
	[ "$(grep -c '^skipped object="\{0,1\}new/' "$PID_ERR")" -eq 28 ]
	littered new
	littered "new/$broadcast"
	[ -z "$(twice)" ]
	nothing_outside_touched
}

@test "with -1 too a runner ends, delivers the rest, and has told of each stranger once" {
	for d in new run cur mess; do litter "$d"; done
	post
	sink
	run -0 --separate-stderr runner -1q
	printf '%s\n' "$stderr" >err
	clean_log err
	[ "$(grep -c ^skipped err)" -eq 28 ]
	[ "$(accepted)" = ann@example.com ]
	for d in new run cur mess; do littered "$d"; done
	nothing_outside_touched
}

@test "of more strangers than it remembers a runner tells as many, says that it is silent now, and delivers the rest" {
	(cd "$SPOOL/new" && seq -f 'stranger-%.0f' 1030 | xargs touch)
	post one@example.com
	sink
	start_runner -q
	wait_for has_delivered 1
	post two@example.com
	kill -s ALRM "$PID"
	wait_for has_delivered 2
	stop "$PID"
	[ "$status" -eq 0 ]
	clean_log "$PID_ERR"
	[ "$(grep -c '^skipped object=new/stranger-' "$PID_ERR")" -eq 1024 ]
	[ "$(grep -c '^skipped' "$PID_ERR")" -eq 1025 ]
	[ "$(grep '^skipped' "$PID_ERR" | tail -n 1)" = 'skipped object=* error="so many were told that no more will be"' ]
}

@test "rounds of ml-requeue tell of each stranger once, in whichever directory, and do the rest" {
	for d in mess new defer fail 'done' hold run sent; do litter "$d"; done
	litter cur ":$NEVER"
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$NEVER"
	start ml-requeue -i 3600 -g 0 "$SPOOL"
	wait_for test -f "$SPOOL/new/$NAME"
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	kill -s HUP "$PID"
	wait_for test -f "$SPOOL/new/$NAME"
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	kill -s HUP "$PID"
	wait_for test -f "$SPOOL/new/$NAME"
	stop "$PID"
	[ "$status" -eq 0 ]
	grep -v '^requeued' "$PID_ERR" >err
	clean_log err
	for d in run cur defer 'done'; do
		[ "$(grep -c "^ml-requeue: $d/" err)" -ge 14 ]
	done
	for d in mess new cur defer fail 'done' hold run sent; do littered "$d"; done
	nothing_outside_touched
}

@test "what is old in tmp/ and no envelope is swept without its message, and links are not followed" {
	litter tmp
	post
	for kind in link fifo dir; do
		cp "$(text_of "$NAME")" "$SPOOL/mess/$kind"
	done
	touch -h -d '3 days ago' "$SPOOL"/tmp/* "$SPOOL"/mess/*
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$(ls "$SPOOL/mess" | tr '\n' ' ')" = "$UNIQUE dir fifo link " ]
	# two directories, each with something in it, and a name that is too long to be swept
	printf '%s\n' "$stderr" >err
	clean_log err
	[ "$(grep -c '^ml-requeue: tmp/' err)" -le 3 ]
	sink
	run -0 --separate-stderr runner -1q
	[ "$(accepted)" = ann@example.com ]
	nothing_outside_touched
}

@test "ml-status shows a spool that is full of strangers, in each of its ways, and nothing raw" {
	for d in tmp mess new cur defer fail 'done' hold run sent; do litter "$d"; done
	post
	for flag in -- -l -m; do
		run -0 --separate-stderr ml-status "$flag" "$SPOOL"
		[ "$stderr" = '' ]
		clean_text
	done
	for d in new cur defer fail 'done' hold; do
		[[ $(ml-status "$SPOOL" | grep "^$d ") =~ \ 1[0-9]\ strange ]]
	done
	start ml-status -w "$SPOOL"
	wait_for grep -q ' new=1 ' "$PID_OUT"
	stop "$PID"
	[ "$status" -eq 0 ]
	output=$(cat "$PID_OUT" "$PID_ERR")
	clean_text
	nothing_outside_touched
}

@test "a message that is a FIFO or a directory is put off with its reason, and the next one goes out" {
	post one@example.org
	rm "$(text_of "$NAME")"
	mkfifo "$(text_of "$NAME")"
	post two@example.org
	rm "$(text_of "$NAME")"
	mkdir "$(text_of "$NAME")"
	post three@example.org
	sink
	run -75 --separate-stderr timeout 20 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$(accepted)" = three@example.org ]
	[ "$(rcpts defer | sort | tr '\n' ' ')" = 'T451 one@example.org T451 two@example.org ' ]
	[ -z "$(envelopes new cur hold)" ]
}

@test "a directory of the spool that is a link is no part of it: every program says so and writes nothing" {
	letter >message
	for d in tmp mess new cur defer fail 'done' hold run sent; do
		mkspool "$BATS_TEST_TMPDIR/spool.$d"
		rmdir "$SPOOL/$d"
		ln -s "$BATS_TEST_TMPDIR/aviary" "$SPOOL/$d"
		for command in 'ml-enqueue -f a@b.c' 'ml-explode -f a@b.c -m message' 'ml-requeue' 'ml-status'; do
			# shellcheck disable=SC2086
			run -69 --separate-stderr $command "$SPOOL" a@example.com </dev/null || {
				# shellcheck disable=SC2086
				run -69 --separate-stderr $command "$SPOOL" </dev/null
			}
			[ "$(wc -l <<<"$stderr")" -eq 1 ]
		done
		run -69 --separate-stderr ml-runner -1 "$SPOOL" smtp 127.0.0.1 1
	done
	nothing_outside_touched
}

@test "a trigger that is a link is not written through, and runners look round without it" {
	rm "$SPOOL/trigger"
	ln -s ../canary "$SPOOL/trigger"
	sink
	post
	run -0 runner -1q
	[ "$(delivered)" -eq 1 ]
	nothing_outside_touched
}

@test "a trigger that is a file, a socket or a directory is not written into, and runners look round without it" {
	rm "$SPOOL/trigger"
	sink
	echo x >file
	mkdir dir
	start "$SINK" -T 60 -p "$BATS_TEST_TMPDIR/ready" "$BATS_TEST_TMPDIR/socket"
	wait_for test -e ready
	for kind in file dir socket; do
		mv "$kind" "$SPOOL/trigger"
		post "$kind@example.com"
		run -0 --separate-stderr timeout -k 2 10 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
		mv "$SPOOL/trigger" "$kind"
	done
	[ "$(accepted | tr '\n' ' ')" = 'file@example.com dir@example.com socket@example.com ' ]
	[ "$(cat file)" = x ]
	[ -z "$(ls dir)" ]
}

@test "paused that is a link to nowhere pauses" {
	ln -s nowhere "$SPOOL/paused"
	post
	sink
	run -0 runner -1q
	[ "$(delivered)" -eq 0 ]
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
}

@test "a key whose record is a link, a FIFO or a directory blocks the key, and nothing else" {
	printf 'ml1\nbroadcast 1700000000000000.x\nsums 1 2 3 4\n' >record
	ln -s ../../record "$SPOOL/sent/link"
	mkfifo "$SPOOL/sent/fifo"
	mkdir "$SPOOL/sent/dir"
	for key in link fifo dir; do
		run --separate-stderr timeout 20 ml-explode -k "$key" -f a@b.c -l <(addresses 1) -m <(letter) "$SPOOL"
		[ "$status" -eq 65 ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	[ -z "$(envelopes)" ]
	run -0 ml-explode -k other -f a@b.c -l <(addresses 1) -m <(letter) "$SPOOL"
	[ "$(rcpts new)" = 'T000 user1@example.com' ]
	[ -L "$SPOOL/sent/link" ] && [ -p "$SPOOL/sent/fifo" ] && [ -d "$SPOOL/sent/dir" ]
}

# --- envelopes

@test "an envelope of a gigabyte costs no memory, is held, and the next one goes out" {
	post torn@example.com
	# without a count its recipients go on into the hole
	sed -i /^rcpts/d "$SPOOL/new/$NAME"
	truncate -s 1G "$SPOOL/new/$NAME"
	truncate -s 1G "$SPOOL/new/0000000000000001.zeros"
	post next@example.com
	sink
	# where an address sanitizer wants terabytes there is no such limit
	limit=300000
	(ulimit -v "$limit" && ml-runner -Z) 2>&1 | grep -q ^usage || limit=unlimited
	run -0 --separate-stderr sh -c "ulimit -v $limit; exec ml-runner -1q '$SPOOL' smtp 127.0.0.1 '$PORT'"
	[ "$(accepted)" = next@example.com ]
	[ "$(find "$SPOOL/hold" -type f | wc -l)" -eq 2 ]
	[ "$(grep -c ^held <<<"$stderr")" -eq 2 ]
	[ -z "$(envelopes new cur defer)" ]
}

@test "a gigabyte without a line end costs little in any directory, and the rest goes on" {
	post claimed@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$NEVER"
	truncate -s 1G "$SPOOL/cur/0000000000000001.zeros:$NEVER"
	post late@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	truncate -s 1G "$SPOOL/defer/0000000000000001.late"
	truncate -s 1G "$SPOOL/sent/key"
	truncate -s 1G "$SPOOL/run/1700000000000000.zeros.1.00000000"
	limit=300000
	(ulimit -v "$limit" && ml-runner -Z) 2>&1 | grep -q ^usage || limit=unlimited
	for flag in -- -l -m; do
		run -0 timeout 10 sh -c "ulimit -v $limit; exec ml-status $flag '$SPOOL'"
	done
	run -0 --separate-stderr timeout 10 sh -c "ulimit -v $limit; exec ml-requeue -g 0 '$SPOOL'"
	[ -f "$SPOOL/hold/0000000000000001.zeros" ]
	[ -z "$(ls "$SPOOL/run")" ]
	[ "$(ls "$SPOOL/sent")" = key ]
	run -65 timeout 10 sh -c "ulimit -v $limit; exec ml-explode -k key -f a@b.c -m '$(text_of "$NAME")' '$SPOOL'" <<<x@b.c
	sink
	run -0 --separate-stderr timeout 10 sh -c "ulimit -v $limit; exec ml-runner -1q '$SPOOL' smtp 127.0.0.1 '$PORT'"
	[ "$(accepted | sort | tr '\n' ' ')" = 'claimed@example.com late@example.com ' ]
	[ "$(find "$SPOOL/hold" -type f -size +1000000 | wc -l)" -eq 2 ]
	[ -z "$(envelopes new cur defer)" ]
}

@test "of an envelope without a count a torn note is no recipient, however long it is" {
	for length in 10 20000; do
		post "user$length@example.com"
		sed -i /^rcpts/d "$SPOOL/new/$NAME"
		{ printf '! 0 451 '; head -c "$length" /dev/zero | tr '\0' x; } >>"$SPOOL/new/$NAME"
	done
	sink
	run -0 --separate-stderr runner -1q
	[ "$(accepted | tr '\n' ' ')" = 'user10@example.com user20000@example.com ' ]
	[ -z "$(envelopes hold)" ]
}

@test "an envelope that counts more recipients than there can be is torn" {
	post
	sed -i 's/^rcpts.*/rcpts 18446744073709551615/' "$SPOOL/new/$NAME"
	post bob@example.com
	sink
	run -0 --separate-stderr runner -1q
	[ "$(accepted)" = bob@example.com ]
	[ "$(rcpts hold)" = 'T000 ann@example.com' ]
}

@test "an envelope that names no message is held, and a message that no envelope names stays" {
	post lost@example.com
	mv "$(text_of "$NAME")" "$SPOOL/mess/$UNIQUE.other"
	touch -d '9 days ago' "$SPOOL/mess/$UNIQUE.other"
	post
	sink
	run -0 --separate-stderr runner -1q
	[ "$(grep -c ^held <<<"$stderr")" -eq 1 ]
	[ "$(rcpts hold)" = 'T000 lost@example.com' ]
	[ "$(accepted)" = ann@example.com ]
	run -0 --separate-stderr ml-requeue -a -g 0 -k 0 "$SPOOL"
	[[ $(ls "$SPOOL/mess") = *.other ]]
	[[ $(ml-status "$SPOOL" | grep ^messages) = *'1 of them'* ]]
}

@test "what may not be read is put off or told, and the rest goes out" {
	[ "$(id -u)" -eq 0 ] || skip "only root can make files that its runner may not read"
	post closed@example.com
	closed=$NAME
	post mute@example.com
	mute=$NAME
	post
	chmod 0 "$SPOOL/new/$closed" "$(text_of "$mute")"
	chown -R 65534 "$SPOOL"
	chown 0 "$SPOOL/new/$closed" "$(text_of "$mute")"
	: >"$SPOOL/run/1700000000000000.closed.1.00000000"
	chmod 0 "$SPOOL/run/1700000000000000.closed.1.00000000"
	sink
	run -75 --separate-stderr as_nobody timeout 20 ml-runner -1q spool smtp 127.0.0.1 "$PORT"
	[ "$(accepted)" = ann@example.com ]
	[ "$(rcpts defer | sort | tr '\n' ' ')" = 'T000 closed@example.com T451 mute@example.com ' ]
	[ "$(grep -v ^requeued <<<"$stderr" | grep -c 'Permission denied')" -eq 2 ]
	run -0 --separate-stderr as_nobody ml-requeue spool
}

@test "a thousand envelopes that may not be moved are left, and what stands behind them is delivered" {
	broadcast=0000000000000001.b
	mkdir "$SPOOL/new/$broadcast"
	awk -v dir="$SPOOL/new/$broadcast" 'BEGIN {
		for (i = 1; i <= 1005; i++) {
			file = sprintf("%s/%016d.b.%d", dir, i, i)
			printf "ml1\nborn 1\nfrom \n\nT000 a@b.c\n" >file
			close(file)
		}
	}'
	post
	[ "$(id -u)" -ne 0 ] || chown -R 65534 "$SPOOL"
	chmod 0555 "$SPOOL/new/$broadcast"
	sink
	run -0 --separate-stderr as_nobody timeout 20 ml-runner -1q spool smtp 127.0.0.1 "$PORT"
	[ "$(accepted)" = ann@example.com ]
	[ "$(envelopes new | wc -l)" -eq 1005 ]
	printf '%s\n' "$stderr" | grep ^skipped >err
	[ "$(wc -l <err)" -eq 1005 ]
	[ -z "$(grep -v 'Permission denied' err)" ]
	[ -z "$(sort err | uniq -d)" ]
	chmod 0755 "$SPOOL/new/$broadcast"
}

# --- runners that never were

@test "a run file that is a link or a directory is nobody's heartbeat, and keeps no claim" {
	for kind in link dir fifo; do
		post "$kind@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1700000000000000.$kind"
	done
	post real@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$NEVER"
	peer_elsewhere "$NEVER"
	ln -s ../../canary "$SPOOL/run/1700000000000000.link"
	mkdir "$SPOOL/run/1700000000000000.dir"
	mkfifo "$SPOOL/run/1700000000000000.fifo"
	run -0 --separate-stderr ml-requeue -g 0 "$SPOOL"
	[ "$(rcpts new | wc -l)" -eq 4 ]
	nothing_claimed
	[ "$(grep -c "left where it is: not a runner's file" <<<"$stderr")" -eq 3 ]
	[ "$(ls "$SPOOL/run" | wc -l)" -eq 3 ]
	nothing_outside_touched
}

@test "notes that are a link, a FIFO or a gigabyte tell nothing, and the next ones take their place" {
	seen=$SPOOL/run/.seen.$(uname -n | cut -c 1-40)
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$NEVER"
	for kind in link fifo gigabyte; do
		rm -f "$seen"
		case $kind in
		link) ln -s ../../canary "$seen" ;;
		fifo) mkfifo "$seen" ;;
		gigabyte) truncate -s 1G "$seen" ;;
		esac
		run -0 --separate-stderr timeout 10 ml-requeue "$SPOOL"
		[ "$stderr" = '' ]
		[ "$(grep -c ^seen "$seen")" -eq 1 ]
		[ -f "$seen" ] && [ ! -L "$seen" ]
	done
	nothing_outside_touched
}

@test "notes that are a directory are told in each round by their name, and the round does all the rest" {
	seen=run/.seen.$(uname -n | cut -c 1-40)
	mkdir "$SPOOL/$seen"
	for round in 1 2; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$NEVER"
		post late@example.com
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
		run -71 --separate-stderr ml-requeue -g 0 "$SPOOL"
		[ "$(grep -v '^dead' <<<"$stderr")" = "ml-requeue: $seen: Is a directory
requeued due=1 returned=1 held=0 swept=0 purged=0 repaired=0 published=0" ]
		[ "$(rcpts new | wc -l)" -eq $((2 * round)) ]
		[ "$(ls -A "$SPOOL/run")" = "${seen#run/}" ]
	done
}

@test "a run file from the future is dead when it stands still for the lease, and counts as one till then" {
	future=4300000000000000.elsewhere.1.00000000
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$future"
	peer_elsewhere "$future"
	touch -d 2106-02-07 "$SPOOL/run/$future"
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$future" ]
	[[ $(ml-status "$SPOOL" | grep '^00000000 ') =~ ^'00000000 unknown runner  busy' ]]
	awk '$1 == "seen" { $2 -= 600 } { print }' "$SPOOL"/run/.seen.* >older
	cat older >"$(echo "$SPOOL"/run/.seen.*)"
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ -f "$SPOOL/new/$NAME" ]
	[ ! -e "$SPOOL/run/$future" ]
}

@test "an ORDER in 2106 is taken, due, and mended wherever time is told by it" {
	far=4300000000000000
	for d in new defer 'done' fail hold; do
		post "$d@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/$d/$far.$UNIQUE"
	done
	sed -i 's/^T000/D250/' "$SPOOL/done/"*
	run -0 --separate-stderr ml-requeue "$SPOOL"
	assert_stderr 'requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=2 published=0'
	[ "$(find "$SPOOL/new" "$SPOOL/defer" "$SPOOL/done" -name "$far.*" | wc -l)" -eq 0 ]
	run -0 --separate-stderr ml-requeue -k 0 "$SPOOL"
	[ -z "$(envelopes 'done')" ]
	sink
	run -0 runner -1q
	[ "$(accepted | sort | tr '\n' ' ')" = 'defer@example.com new@example.com ' ]
	[ "$(find "$SPOOL/fail" "$SPOOL/hold" -name "$far.*" | wc -l)" -eq 2 ]
}

# as_of ORDER: that of the broadcast NAME, and of each of its envelopes
as_of()
{
	local f
	for f in "$SPOOL/new/$NAME"/*; do
		mv "$f" "${f%/*}/$1.$UNIQUE.${f##*.}"
	done
	mv "$SPOOL/new/$NAME" "$SPOOL/new/$1.$UNIQUE"
}

@test "a broadcast with an ORDER in 2106 goes out as it is, and a round mends it with its envelopes" {
	explode 3 -n 1
	as_of 4300000000000000
	sink
	run -0 --separate-stderr runner -1q
	[ "$stderr" = "$(printf '%s\n' "connected to=127.0.0.1:$PORT" "closed to=127.0.0.1:$PORT messages=3")" ]
	[ "$(delivered)" -eq 3 ]
	[ -z "$(ls "$SPOOL/new")" ]
	explode 3 -n 1
	as_of 4300000000000000
	run -0 --separate-stderr ml-requeue "$SPOOL"
	assert_stderr 'requeued due=0 returned=0 held=0 swept=0 purged=0 repaired=4 published=0'
	[ "$(tree | grep -E '^(mess|new)/')" = "$(printf '%s\n' mess/b.{1,2,3} new/b/ new/b/b.{1,2,3})" ]
	[ "$(find "$SPOOL/new" -name '43*' | wc -l)" -eq 0 ]
	run -0 runner -1q
	[ "$(delivered)" -eq 6 ]
}

# --- what others say

@test "no reply of a server gets into a log, an envelope or ml-status raw" {
	bad=$'\e]0;x\a\e[31m\xc2\x9b2J\xff\t\\x'$OBEYED
	post rcpt@example.com
	post text@example.com
	post later@example.com
	sink
	rule "rcpt rcpt@* 550 5.1.1 $bad" "rcpt later@* 450 4.2.1 $bad" "rcpt text@* 250 ok" "text * 552 $bad"
	start_runner
	wait_for grep -q ^requeued "$PID_ERR"
	wait_for eval '[ -n "$(envelopes fail)" ]'
	wait_for grep -q '^last [45]' "$SPOOL"/run/[0-9]*
	for flag in -- -l -m; do
		run -0 ml-status "$flag" "$SPOOL"
		clean_text
	done
	stop "$PID"
	[ -z "$(tr -d '\n -~' <"$PID_ERR")" ]
	[ -z "$(cat "$SPOOL"/run/[0-9]* 2>/dev/null | tr -d '\n -~')" ]
	output=$(cat "$SPOOL"/fail/* "$SPOOL"/defer/*)
	[ "$(grep -ac '^! .*gpj' <<<"$output")" -eq 3 ]
	output=$(grep -a '^!' <<<"$output")
	clean_text
}

@test "nor does its greeting, or the name of an envelope or an address" {
	bad=$'\e[31m\xc2\x9b2J'$OBEYED
	sink
	rule "connect * 554 $bad"
	post
	run -75 --separate-stderr runner -1
	[ -z "$(tr -d '\n -~' <<<"$stderr")" ]
	rule "rcpt * 250 ok"
	sed -i "s/ann@/a\xc2\x9b\xe2\x80\xaenn@/" "$SPOOL/new/$NAME"
	sed -i $'s/^id .*/id <\e[31m@x>/' "$SPOOL/new/$NAME"
	run --separate-stderr runner -1
	[ -z "$(tr -d '\n -~' <<<"$stderr")" ]
}

@test "nor do the words of a command" {
	post
	bad=$'\e[31m\xc2\x9b2J\xff\t'$OBEYED
	run -0 --separate-stderr ml-runner -1 "$SPOOL" pipe sh -c 'printf "%s\n" "$0" >&2; exit 67' "$bad"
	[ -z "$(tr -d '\n -~' <<<"$stderr")" ]
	output=$(grep -a '^! 1 550' "$SPOOL"/fail/*)
	clean_text
}

@test "a spool with an odd name is shown without it being obeyed" {
	mkspool "$BATS_TEST_TMPDIR/"$'sp\e[31m\xc2\x9b\xff\'"\nool'
	post
	printf 'x' >"$SPOOL/mess/orphan"
	touch -d '3 days ago' "$SPOOL/mess/orphan"
	for flag in -- -l -m; do
		run -0 --separate-stderr ml-status "$flag" "$SPOOL"
		clean_text
	done
}

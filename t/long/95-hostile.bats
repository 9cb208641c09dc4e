#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A hostile spool, as far as it needs root or a while: devices, sockets, files that are not ours, a gigabyte.
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "root is needed to make devices and other users' files"
	need setpriv
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	echo 'nobody writes here' >canary
}

# strangers DIR: devices and a socket, under NAMEs and under none, some under the name of a claim
strangers()
{
	local name
	for name in "0000000000000001.%s${2:-}" '%s'; do
		# shellcheck disable=SC2059
		(
			cd "$SPOOL/$1" || exit
			mknod "$(printf "$name" null)" c 1 3
			mknod "$(printf "$name" memory)" c 1 1
			mknod "$(printf "$name" disk)" b 7 250
			perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un($ARGV[0])) || die' \
				"$(printf "$name" socket)"
		)
	done
}

are_there()
{
	[ "$(find "$SPOOL/$1" -maxdepth 1 \( -type c -o -type b -o -type s \) | wc -l)" -eq 8 ]
}

has_file()
{
	grep -qsx "pid $1" "$SPOOL"/run/[0-9]*
}

clean_log()
{
	[ -z "$(sort "$1" | uniq -d)" ]
	[ -z "$(tr -d '\n -~' <"$1")" ]
}

@test "devices and sockets, in whichever directory, are told once and neither opened, read nor removed" {
	need perl mknod
	never=:1700000000000000.never.1.00000000
	for d in tmp mess new defer fail 'done' hold run sent; do strangers "$d"; done
	strangers cur "$never"
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME$never"
	start ml-requeue -i 3600 -g 0 "$SPOOL"
	wait_for test -f "$SPOOL/new/$NAME"
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	kill -s HUP "$PID"
	wait_for test -f "$SPOOL/new/$NAME"
	stop "$PID"
	[ "$status" -eq 0 ]
	grep -v ^requeued "$PID_ERR" >err
	clean_log err
	sink
	start_runner -q
	wait_for has_delivered 1
	post
	kill -s ALRM "$PID"
	wait_for has_delivered 2
	stop "$PID"
	[ "$status" -eq 0 ]
	clean_log "$PID_ERR"
	for flag in -- -l -m; do
		run -0 --separate-stderr timeout 20 ml-status "$flag" "$SPOOL"
		[ "$stderr" = '' ]
	done
	for d in tmp mess new cur defer fail 'done' hold run sent; do are_there "$d"; done
}

@test "a trigger that is a device is neither read nor written, and a runner delivers and ends" {
	need mknod
	rm "$SPOOL/trigger"
	mknod "$SPOOL/trigger" c 1 5
	post
	sink
	run -0 --separate-stderr timeout -k 2 10 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$(accepted)" = ann@example.com ]
	start_runner -q
	wait_for has_file "$PID"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ -c "$SPOOL/trigger" ]
}

@test "a message that is a device or a socket is put off with its reason, and the next one goes out" {
	need perl mknod
	strangers mess
	for kind in memory disk socket; do
		post "$kind@example.com"
		mv "$SPOOL/mess/$kind" "$(text_of "$NAME")"
	done
	post
	sink
	run -75 --separate-stderr timeout 20 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$(accepted)" = ann@example.com ]
	[ "$(rcpts defer | sort | tr '\n' ' ')" = \
		'T451 disk@example.com T451 memory@example.com T451 socket@example.com ' ]
}

@test "a broadcast that the runner may not empty, or not read, is told once, and the rest goes out" {
	explode 4 -n 2
	full=$NAME
	explode 2 -n 1
	closed=$NAME
	post
	chown -R 65534 "$SPOOL"
	chown 0 "$SPOOL/new/$full" "$SPOOL/new/$closed"
	chmod 755 "$SPOOL/new/$full"
	chmod 700 "$SPOOL/new/$closed"
	chmod a+rx .
	sink
	start setpriv --reuid=65534 --regid=65534 --clear-groups "$(command -v ml-runner)" -q spool smtp 127.0.0.1 "$PORT"
	wait_for has_delivered 1
	post two@example.com
	kill -s ALRM "$PID"
	wait_for has_delivered 2
	stop "$PID"
	[ "$status" -eq 0 ]
	clean_log "$PID_ERR"
	grep -q "new/$closed.*Permission denied" "$PID_ERR"
	[ "$(grep -c "new/$full/.*Permission denied" "$PID_ERR")" -eq 2 ]
	[ "$(envelopes new | wc -l)" -eq 4 ]
}

@test "a run file that can't be removed keeps its own claims, and nobody else's" {
	need chattr
	for runner in stuck free; do
		post "$runner@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1700000000000000.$runner"
		echo 'host elsewhere' >"$SPOOL/run/1700000000000000.$runner"
	done
	chattr +i "$SPOOL/run/1700000000000000.stuck" || skip "no file here can be made immutable"
	run --separate-stderr ml-requeue -g 0 "$SPOOL"
	chattr -i "$SPOOL/run/1700000000000000.stuck"
	[ "$status" -eq 77 ]
	[ "$(rcpts new)" = 'T000 free@example.com' ]
	[ "$(rcpts cur)" = 'T000 stuck@example.com' ]
	[ "$(grep -c 'run/1700000000000000.stuck: Operation not permitted' <<<"$stderr")" -eq 1 ]
	run -0 ml-requeue -g 0 "$SPOOL"
	[ "$(rcpts new | wc -l)" -eq 2 ]
}

@test "a gigabyte of nothing behind the recipients is skipped, in bounded memory, and they get it" {
	post
	truncate -s 1G "$SPOOL/new/$NAME"
	post next@example.com
	sink
	limit=300000
	(ulimit -v "$limit" && ml-runner -Z) 2>&1 | grep -q ^usage || limit=unlimited
	run -0 --separate-stderr timeout 300 sh -c "ulimit -v $limit; exec ml-runner -1q '$SPOOL' smtp 127.0.0.1 '$PORT'"
	[ "$(accepted | tr '\n' ' ')" = 'ann@example.com next@example.com ' ]
	[ -z "$(envelopes new cur defer hold)" ]
}

@test "an envelope of a gigabyte with fifteen million recipients is read in bounded memory" {
	post
	sed -i /^rcpts/d "$SPOOL/new/$NAME"
	yes "$(printf 'T000 someone-or-other@a-domain-of-some-length.example.com\tname=Somebody')" |
		head -n 15000000 >>"$SPOOL/new/$NAME"
	# the last line is cut, so all is read for nothing: it is torn
	printf 'T000 half@' >>"$SPOOL/new/$NAME"
	post next@example.com
	sink
	limit=300000
	(ulimit -v "$limit" && ml-runner -Z) 2>&1 | grep -q ^usage || limit=unlimited
	run -0 --separate-stderr timeout 300 sh -c "ulimit -v $limit; exec ml-runner -1q '$SPOOL' smtp 127.0.0.1 '$PORT'"
	[ "$(accepted)" = next@example.com ]
	[ "$(find "$SPOOL/hold" -type f | wc -l)" -eq 1 ]
	run -0 timeout 60 ml-status "$SPOOL"
	rm "$SPOOL"/hold/*
}

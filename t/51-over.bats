#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# smtp-over: a session on the stdin and stdout of a command, which may end when it likes.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load lib
load relay

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

over()
{
	timeout 30 ml-runner -1 "$SPOOL" smtp-over "$@"
}

# True when no process is left of the last command's group.
group_gone()
{
	ps -e -o pgid= -o stat= | awk -v g="$(tail -n 1 relay.pid)" '$1 == g && $2 !~ /^Z/ { n++ } END { exit n > 0 }'
}

@test "a list goes out over a command, in one session that ends with QUIT" {
	sink
	relay
	explode 300 -n 100
	run -0 --separate-stderr timeout 30 ml-runner -1q "$SPOOL" smtp-over ./relay
	assert_stderr "$(printf '%s\n' 'connected to=./relay' 'closed to=./relay messages=3')"
	[ "$(delivered)" -eq 300 ]
	[ -z "$(twice)" ]
	[ "$(wc -l <relay.pid)" -eq 1 ]
	[ "$(event noquit)" -eq 0 ]
	[ "$(event early)" -eq 0 ]
}

@test "arguments reach the command as they are, without a shell, and stderr is the runner's" {
	sink
	relay
	post
	run -0 --separate-stderr over sh -c 'echo "<$1>" >&2; exec ./relay' sh 'a; b $(c) {rcpt}'
	grep -qxF '<a; b $(c) {rcpt}>' <<<"$stderr"
	[ "$(accepted)" = ann@example.com ]
}

@test "the command's death is a lost connection, not a lost message" {
	sink
	rule 'text * after 60 times 1 stall 30'
	relay
	explode 200 -n 1
	start ml-runner -1q "$SPOOL" smtp-over ./relay
	wait_for eval '[ "$(event stall)" -eq 1 ]'
	kill -s KILL -- "-$(cat relay.pid)"
	await "$PID"
	[ "$status" -eq 0 ] || { cat "$PID_ERR"; return 1; }
	grep -q 'disconnected error="the command was ended by signal 9" unanswered=' "$PID_ERR"
	[ "$(accepted | sort -u | wc -l)" -eq 200 ]
	[ "$(twice | wc -l)" -le 1 ]
	[ "$(rcpts 'done' | grep -c ^D250)" -eq 200 ]
	[ "$(wc -l <relay.pid)" -eq 2 ]
}

@test "a command that can't be run, or ends at once, is an MTA that is down, with its reason" {
	post
	run -75 --separate-stderr over ./missing
	assert_stderr 'down to=./missing error="No such file or directory"'
	: >plain
	run -75 --separate-stderr over ./plain
	assert_stderr 'down to=./plain error="Permission denied"'
	run -75 --separate-stderr over sh -c 'echo no route >&2; exit 3'
	assert_stderr "$(printf '%s\n' 'no route' 'down to=sh error="the command ended, exit 3"')"
	run -75 --separate-stderr over sh -c 'kill -KILL $$'
	assert_stderr 'down to=sh error="the command was ended by signal 9"'
	run -75 --separate-stderr over echo Last login: today
	assert_stderr 'down to=echo error="the server'\''s reply is not SMTP"'
	run -75 --separate-stderr over sh -c 'echo 554 5.3.2 closed today; cat >/dev/null'
	assert_stderr 'down to=sh error="554 5.3.2 closed today"'
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
}

@test "a command that does not end with its session is killed, with all that it started" {
	sink
	relay
	post
	cat >stubborn <<-'END'
	#!/bin/sh
	trap '' TERM
	echo $$ >stubborn.pid
	./relay
	while :; do sleep 1; done
	END
	chmod +x stubborn
	run -0 --separate-stderr over ./stubborn
	[ "$(accepted)" = ann@example.com ]
	run ! kill -0 "$(cat stubborn.pid)"
	cat >parent <<-'END'
	#!/bin/sh
	sh -c 'echo $$ >rest.pid; exec sleep 600' 2>/dev/null &
	exec ./relay
	END
	chmod +x parent
	post
	run -0 --separate-stderr over ./parent
	[ "$(delivered)" -eq 2 ]
	wait_for test -e rest.pid
	wait_for sh -c '! kill -0 "$(cat rest.pid)"'
}

# The two seconds that a command has for its end are not waited for.
quick_after_quit()
{
	local n began
	n=$(delivered)
	post
	wait_for has_delivered $((n + 1))
	wait_for state_is idle
	kill -s HUP "$PID"
	wait_for eval '[ "$(commands QUIT | wc -l)" -gt '"$((n / 2))"' ]'
	post bob@example.com
	began=$(now)
	wait_for has_delivered $((n + 2))
	TOOK=$(($(now) - began))
}

@test "a command that does not end with its session keeps no message waiting that comes meanwhile" {
	sink
	relay
	cat >stubborn <<-END
	#!/bin/sh
	./relay
	trap '' TERM
	while kill -0 $$; do sleep 1; done 2>/dev/null
	END
	chmod +x stubborn
	start ml-runner -q "$SPOOL" smtp-over ./stubborn
	best_of 5 1500000 quick_after_quit
}

@test "what a terminal sends to the whole group leaves the message in flight its time" {
	need setsid
	sink -d 300
	relay
	post
	start_with_int setsid ml-runner "$SPOOL" smtp-over ./relay
	wait_for sh -c "grep -q 'cmd 1 MAIL' '$LOG'"
	kill -s INT -- "-$PID"
	await "$PID"
	[ "$status" -eq 0 ]
	[ "$(accepted)" = ann@example.com ]
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
	[ "$(commands QUIT | wc -l)" -eq 1 ]
	wait_for group_gone
}

@test "a runner that stays leaves no child, dead or alive, behind a session" {
	sink
	relay
	post
	start ml-runner -q "$SPOOL" smtp-over ./relay
	wait_for has_delivered 1
	kill -s HUP "$PID"
	wait_for grep -q '^closed' "$PID_ERR"
	wait_for sh -c "[ -z \"\$(ps -o pid= --ppid $PID)\" ]"
	post bob@example.com
	wait_for has_delivered 2
	[ "$(wc -l <relay.pid)" -eq 2 ]
	stop "$PID"
	[ "$status" -eq 0 ]
	wait_for group_gone
}

@test "a runner that is killed takes its command with it" {
	sink
	relay
	post
	start ml-runner -q "$SPOOL" smtp-over ./relay
	wait_for has_delivered 1
	stop "$PID" KILL
	# the relay's other half ends with the server
	stop "$SINK_PID"
	wait_for group_gone
}

@test "each process of -j has a command of its own" {
	sink -d 10
	relay
	explode 60 -n 1
	run -0 --separate-stderr timeout 30 ml-runner -1q -j 3 "$SPOOL" smtp-over ./relay
	[ "$(delivered)" -eq 60 ]
	[ -z "$(twice)" ]
	[ "$(wc -l <relay.pid)" -ge 2 ]
}

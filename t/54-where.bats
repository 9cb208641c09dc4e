#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Where the MTA is: addresses, ports, sockets, and what is said of one that can't be reached.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	SINK=${SINK:-$BIN/../t/sink}
	post
}

# A receiver at HOST, or at a path.
listen()
{
	rm -f port
	start "$SINK" -T 60 -v -l log -p port "$@"
	wait_for test -e port
	PORT=$(cat port)
}

down_with()
{
	local reason=$1
	shift
	run -75 --separate-stderr timeout 20 ml-runner -1 "$SPOOL" "$@"
	[[ $stderr == "down to="*' error="'$reason'"' ]] || { echo "$stderr"; return 1; }
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
}

@test "IPv6" {
	listen ::1 0 || skip "there is no IPv6 here"
	run -0 --separate-stderr ml-runner -1q "$SPOOL" smtp ::1 "$PORT"
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
	assert_stderr "$(printf '%s\n' "connected to=::1:$PORT" "closed to=::1:$PORT messages=1")"
}

@test "a local socket" {
	listen "$BATS_TEST_TMPDIR/socket"
	run -0 --separate-stderr ml-runner -1q "$SPOOL" smtp ./socket
	assert_stderr "$(printf '%s\n' 'connected to=./socket' 'closed to=./socket messages=1')"
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
}

@test "a name" {
	listen 127.0.0.1 0
	run -0 --separate-stderr ml-runner -1q "$SPOOL" smtp localhost "$PORT"
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
}

@test "an MTA that can't be reached is down, and why is said" {
	listen 127.0.0.1 0
	stop "$PID"
	down_with 'Connection refused' smtp 127.0.0.1 "$PORT"
	down_with 'No such file or directory' smtp ./socket
	: >socket
	down_with 'Connection refused' lmtp ./socket
	down_with 'File name too long' smtp "./$(printf '%0200d' 0)"
	down_with '*' smtp 127.0.0.1 no-such-service
}

@test "the port is a number or a name; a path has a slash" {
	local port
	for port in 0 65536 99999999999 ''; do
		run -64 --separate-stderr ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$port"
		assert_stderr "ml-runner: ${port:-''}: not a port"
	done
	run -64 ml-runner -1 "$SPOOL" smtp socket
	run -64 ml-runner -1 "$SPOOL" lmtp socket
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The flow that the suite is for: a broadcast only stuffs the queue, whatever the MTA does, and a
# couple of runners empty it.  With the sink as the MTA, and with a Postfix in front of it.
load ../lib
load real
load postfix

setup()
{
	mkspool
	addresses 300 >"$BATS_TEST_TMPDIR/members"
}

post()
{
	letter "$1" | timeout 10 ml-explode -f "$1@lists.example.org" -V += -n 50 \
		-l "$BATS_TEST_TMPDIR/members" "$SPOOL"
}

# Six at once: they wait for the gate together.
six()
{
	local i
	mkfifo "$BATS_TEST_TMPDIR/gate"
	RUNNERS=()
	for i in 1 2 3 4 5 6; do
		start sh -c ': <"$1"; shift; exec ml-runner -q -m 4 "$@"' sh "$BATS_TEST_TMPDIR/gate" \
			"$SPOOL" smtp 127.0.0.1 "$1"
		RUNNERS+=("$PID")
	done
	exec 7<>"$BATS_TEST_TMPDIR/gate"
}

left()
{
	local p n=0
	for p in "${RUNNERS[@]}"; do
		if kill -0 "$p" 2>/dev/null; then
			n=$((n + 1))
		fi
	done
	echo "$n"
}

four_wait()
{
	[ "$(left)" -eq 4 ] && [ "$(grep -lx 'state down' "$SPOOL"/run/* | wc -l)" -eq 4 ]
}

all_done()
{
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq "$1" ]
}

# flow REFUSE ACCEPT: commands for the MTA, which listens on MTA_PORT when it does.
flow()
{
	local p gone=0 stayed=()
	"$1"
	run -0 post first
	[ -n "$output" ]
	run -75 ml-runner -q -m 4 -1 "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	run -0 post second
	names >"$BATS_TEST_TMPDIR/before"

	six "$MTA_PORT"
	wait_for four_wait
	for p in "${RUNNERS[@]}"; do
		if kill -0 "$p" 2>/dev/null; then
			stayed+=("$p")
		else
			wait "$p"
			gone=$((gone + 1))
		fi
	done
	[ "$gone" -eq 2 ]
	names | diff "$BATS_TEST_TMPDIR/before" -
	has_arrived 1 && return 1

	"$2"
	for p in "${stayed[@]}"; do
		kill -s ALRM "$p"
	done
	wait_for -t 30 all_done 600
	wait_for -t 30 has_arrived 600
	assert_all 300 first
	assert_all 300 second
	[ "$(arrived | wc -l)" -eq 600 ]
	[ "$(left)" -eq 4 ]
	for p in "${stayed[@]}"; do
		stop "$p"
		[ "$status" -eq 0 ]
	done
	nothing_left
}

sink_refuses()
{
	kill -s USR1 "$SINK_PID"
	wait_for refused
}

refused()
{
	(! : <>"/dev/tcp/127.0.0.1/$MTA_PORT") 2>/dev/null
}

sink_accepts()
{
	kill -s USR2 "$SINK_PID"
}

postfix_refuses()
{
	postfix_up 'smtpd_delay_reject = no' 'smtpd_client_restrictions = defer'
}

postfix_accepts()
{
	postfix_down
	postfix_up
}

@test "while the MTA refuses, posts go in; of six runners with -m 4 two leave; then all get both posts once" {
	sink
	MTA_PORT=$PORT
	flow sink_refuses sink_accepts
}

@test "the same with a Postfix that defers all clients, is restarted, and takes them" {
	need_postfix
	sink
	flow postfix_refuses postfix_accepts
}

@test "the same with a Postfix that does not run, and is started" {
	need_postfix
	sink
	flow : postfix_up
}

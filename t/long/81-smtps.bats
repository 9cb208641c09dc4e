#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# TLS through a command: openssl to a real Postfix, which relays to the sink.
# shellcheck disable=SC2030,SC2031,SC2154
load ../lib
load real
load postfix
load tls

setup()
{
	need_postfix
	tls_port
	mkspool
	sink
	postfix_up "${TLS_SETTINGS[@]}" 'smtpd_tls_received_header = yes'
	tls_client
}

broadcast()
{
	addresses "$1" >"$BATS_TEST_TMPDIR/members"
	letter post | ml-explode -f news@lists.example.org -V += -l "$BATS_TEST_TMPDIR/members" "$SPOOL" >/dev/null
}

# True when no openssl is left below PID.
no_child()
{
	[ -z "$(ps -o pid= --ppid "$1")" ]
}

@test "a broadcast goes out over TLS, each once, in a session that ends with QUIT" {
	broadcast 1000
	run -0 --separate-stderr timeout 120 ml-runner -1q "$SPOOL" smtp-over "${CLIENT[@]}"
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 1000 ] || { echo "$stderr"; return 1; }
	nothing_left
	wait_for -t 60 has_arrived 1000
	[ "$(twice)" -eq 0 ]
	assert_all 1000 news
	run ! grep -q 'lost connection' "$PF_LOG"
	[ "$(grep -c 'smtpd.*: disconnect from .* quit=1' "$PF_LOG")" -eq 1 ]
}

@test "lines that begin with Q and R, and long texts, are no commands to it" {
	{ letter; printf '%s\n' QUIT R Q RSET; head -c 3000000 /dev/zero | tr '\0' R | fold -w 70; echo; } |
		ml-enqueue -f news@lists.example.org "$SPOOL" q@example.com r@example.com
	broadcast 20
	run -0 --separate-stderr timeout 60 ml-runner -1q "$SPOOL" smtp-over "${CLIENT[@]}"
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 22 ] || { echo "$stderr"; return 1; }
	wait_for -t 30 has_arrived 22
}

@test "STARTTLS too: openssl speaks up to it, and the greeting that it swallows is made up" {
	tls_client "$MTA_PORT" -starttls smtp
	broadcast 50
	run -0 --separate-stderr timeout 60 ml-runner -1q "$SPOOL" smtp-over \
		sh -c 'echo 220 STARTTLS; exec "$@"' sh "${CLIENT[@]}"
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 50 ] || { echo "$stderr"; cat "$PF_LOG"; return 1; }
	wait_for -t 30 has_arrived 50
}

@test "a certificate of another name is an MTA that is down, and nothing is claimed" {
	broadcast 10
	CLIENT=("${CLIENT[@]/mta.example.org/other.example.org}")
	run -75 --separate-stderr timeout 60 ml-runner -1q "$SPOOL" smtp-over "${CLIENT[@]}"
	[[ $stderr == *'down to=openssl error="the command ended, exit 1"'* ]] || { echo "$stderr"; return 1; }
	[ "$(rcpts new | grep -c ^T000)" -eq 10 ]
	[ -z "$(rcpts cur defer)" ]
}

@test "openssl is killed again and again: nobody is lost, and only what was in flight comes twice" {
	local kills=0 p
	broadcast 1500
	start ml-runner -1q "$SPOOL" smtp-over "${CLIENT[@]}"
	local runner=$PID
	while kill -0 "$runner" 2>/dev/null && [ "$kills" -lt 5 ]; do
		wait_for -t 30 eval 'has_arrived $((kills * 200 + 100)) || ! kill -0 '"$runner"
		p=$(ps -o pid= --ppid "$runner") || continue
		# shellcheck disable=SC2086
		kill -s KILL $p || continue
		kills=$((kills + 1))
	done
	status=0
	wait "$runner" || status=$?
	[ "$status" -eq 0 ] || { cat "$PID_ERR"; return 1; }
	[ "$kills" -ge 3 ]
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 1500 ]
	wait_for -t 60 has_arrived 1500
	wait_for postfix_empty
	assert_all 1500 news
	[ "$(twice)" -le "$kills" ]
}

@test "a runner that stays leaves no openssl behind, although that waits for the server's end" {
	broadcast 5
	start ml-runner -q "$SPOOL" smtp-over "${CLIENT[@]}"
	wait_for -t 30 has_arrived 5
	run ! no_child "$PID"
	kill -s HUP "$PID"
	wait_for no_child "$PID"
	# twice: the session is dropped without QUIT
	broadcast 5
	wait_for -t 30 has_arrived 10
	kill -s TERM "$PID"
	stop "$PID"
	[ "$status" -eq 0 ]
}

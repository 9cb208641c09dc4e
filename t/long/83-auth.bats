#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# AUTH with a real Postfix, whose SASL is a real Dovecot of the test's own.
# shellcheck disable=SC2030,SC2031,SC2154
load ../lib
load real
load postfix
load tls

setup()
{
	need_postfix
	need dovecot
	postconf -a | grep -qx dovecot || skip "this Postfix knows no Dovecot SASL"
	mkspool
	sink
	D=$BATS_TEST_TMPDIR/dovecot
	mkdir -m 755 "$D"
	echo 'ann@example.org:{PLAIN}pass word:::::' >"$D/users"
	cat >"$D/conf" <<-END
	base_dir = $D/run
	state_dir = $D/state
	log_path = $D/log
	protocols =
	ssl = no
	auth_mechanisms = plain login
	auth_failure_delay = 0
	passdb {
	  driver = passwd-file
	  args = $D/users
	}
	userdb {
	  driver = static
	  args = uid=65534 gid=65534 home=/nonexistent
	}
	service auth {
	  unix_listener $D/auth {
	    mode = 0666
	  }
	}
	END
	start dovecot -F -c "$D/conf"
	DOVECOT=$PID
	wait_for test -S "$D/auth" || { cat "$D/log" "$PID_ERR"; return 1; }
	cd "$BATS_TEST_TMPDIR" || exit
	(umask 077; printf 'ann@example.org\npass word\n' >file)
	SASL=('smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = dovecot' "smtpd_sasl_path = $D/auth"
		'smtpd_sasl_security_options = noanonymous' 'smtpd_relay_restrictions = permit_sasl_authenticated, reject'
		'smtpd_client_restrictions = permit_sasl_authenticated, reject')
}

teardown()
{
	postfix_down
	if [ -n "${DOVECOT:-}" ]; then stop "$DOVECOT"; fi
	stop_started
}

broadcast()
{
	addresses "$1" >members
	letter post | ml-explode -f news@lists.example.org -V += -l members "$SPOOL" >/dev/null
}

goes_out()
{
	broadcast 50
	run -0 --separate-stderr timeout 60 ml-runner -1q -a file "$SPOOL" "$@"
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq 50 ] || { echo "$stderr"; cat "$PF_LOG" "$D/log"; return 1; }
	wait_for -t 30 has_arrived 50
	assert_all 50 news
}

logged_in_by()
{
	grep -q "sasl_method=$1, sasl_username=ann@example.org" "$PF_LOG"
}

@test "PLAIN" {
	postfix_up "${SASL[@]}"
	goes_out smtp 127.0.0.1 "$MTA_PORT"
	logged_in_by PLAIN
}

@test "LOGIN, where only that is offered" {
	postfix_up "${SASL[@]}" 'smtpd_sasl_mechanism_filter = login'
	goes_out smtp 127.0.0.1 "$MTA_PORT"
	logged_in_by LOGIN
}

@test "an old offer, AUTH=, beside the new one" {
	postfix_up "${SASL[@]}" 'broken_sasl_auth_clients = yes'
	goes_out smtp localhost "$MTA_PORT"
	logged_in_by PLAIN
}

@test "over TLS, where Postfix offers it only there; in the clear it is down with its reason" {
	tls_port
	postfix_up "${SASL[@]}" "${TLS_SETTINGS[@]}" 'smtpd_tls_auth_only = yes'
	tls_client
	goes_out smtp-over "${CLIENT[@]}"
	logged_in_by PLAIN
	broadcast 5
	run -75 --separate-stderr ml-runner -1q -a file "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	assert_stderr "down to=127.0.0.1:$MTA_PORT error=\"the server offers neither AUTH PLAIN nor LOGIN\""
	[ "$(rcpts new | grep -c ^T000)" -eq 5 ]
}

@test "a wrong password is an MTA that is down; the right one is taken at the next session" {
	postfix_up "${SASL[@]}"
	printf 'ann@example.org\nwrong word\n' >file
	broadcast 5
	start ml-runner -q -a file "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	wait_for grep -q '^down to=.* error="535 5\.7\.8 ' "$PID_ERR"
	[ "$(rcpts new | grep -c ^T000)" -eq 5 ]
	[ -z "$(rcpts cur defer fail)" ]
	printf 'ann@example.org\npass word\n' >file
	kill -s ALRM "$PID"
	wait_for -t 30 has_arrived 5
	run ! grep -e 'wrong word' -e 'pass word' "$PID_ERR"
}

@test "without -a such a server takes nothing from us" {
	postfix_up "${SASL[@]}"
	broadcast 5
	run -0 --separate-stderr ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$MTA_PORT"
	[ "$(arrived | wc -l)" -eq 0 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A real Dovecot files what comes over LMTP into maildirs; its configuration and all its files are
# the test's own.
# shellcheck disable=SC2030,SC2031,SC2154
load ../lib
load real

# user NAME [QUOTA]: a mailbox
user()
{
	echo "$1@example.com::65534:65534::$D/mail/$1::userdb_quota_rule=*:bytes=${2:-0}" >>"$D/users"
}

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "Dovecot can only be started by root"
	need dovecot doveconf
	[ -x "$(doveconf -d -h libexec_dir 2>/dev/null || echo /usr/lib/dovecot)/lmtp" ] ||
		[ -x /usr/libexec/dovecot/lmtp ] || skip "Dovecot's lmtp is not installed"
	mkspool
	D=$BATS_TEST_TMPDIR/dovecot
	searchable
	mkdir -m 755 "$D"
	mkdir -m 711 "$D/mail"
	chown 65534:65534 "$D/mail"
	LMTP_PORT=$(free_port)
	local n
	for n in {1..40}; do user "user$n"; done
	user full 100
	cat >"$D/conf" <<-END
	base_dir = $D/run
	state_dir = $D/state
	log_path = $D/log
	protocols = lmtp
	listen = 127.0.0.1
	ssl = no
	hostname = mailbox.example.com
	first_valid_uid = 1
	first_valid_gid = 1
	mail_location = maildir:~/Maildir
	mail_plugins = quota
	lmtp_save_to_detail_mailbox = no
	passdb {
	  driver = passwd-file
	  args = $D/users
	}
	userdb {
	  driver = passwd-file
	  args = $D/users
	}
	plugin {
	  quota = maildir:mailbox
	}
	service lmtp {
	  unix_listener $D/lmtp {
	    mode = 0600
	  }
	  inet_listener lmtp {
	    address = 127.0.0.1
	    port = $LMTP_PORT
	  }
	}
	END
	start dovecot -F -c "$D/conf"
	DOVECOT=$PID
	wait_for eval 'test -S "$D/lmtp" && listens "$LMTP_PORT"' || { cat "$D/log" "$PID_ERR"; return 1; }
}

# The master ends its children; without it they would go on.
teardown()
{
	if [ -n "${DOVECOT:-}" ]; then stop "$DOVECOT"; fi
	stop_started
}

# How many messages these hold together.
mails()
{
	find "$D/mail" -path '*/new/*' -type f | wc -l
}

@test "over a local socket: each subscriber's mailbox gets it once" {
	explode 40 -n 7
	run -0 --separate-stderr ml-runner -1q "$SPOOL" lmtp "$D/lmtp"
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 40 ] || { rcpts; cat "$D/log"; return 1; }
	[ "$(mails)" -eq 40 ]
	[ "$(find "$D/mail/user7" -path '*/new/*' -type f | wc -l)" -eq 1 ]
	grep -q '^Return-Path: <news@example.org>' "$D"/mail/user7/Maildir/new/*
	nothing_left
}

@test "over TCP, with a return path for each, by several runners" {
	explode 40 -V +=
	run -0 --separate-stderr ml-runner -1q -j 3 "$SPOOL" lmtp 127.0.0.1 "$LMTP_PORT"
	[ "$(rcpts 'done' | grep -c '^D250')" -eq 40 ]
	[ "$(mails)" -eq 40 ]
	grep -q '^Return-Path: <news+user7=example.com@example.org>' "$D"/mail/user7/Maildir/new/*
}

@test "an unknown user fails, a full mailbox is told after the text, and the others have it" {
	local at
	for at in "$D/lmtp" "127.0.0.1 $LMTP_PORT"; do
		post user1@example.com nobody@example.com full@example.com user2@example.com
		# shellcheck disable=SC2086
		run -0 --separate-stderr ml-runner -1 "$SPOOL" lmtp $at
		run rcpts fail
		assert_lines "$(printf '%s\n' 'D250 user1@example.com' 'F550 nobody@example.com' \
			'F552 full@example.com' 'D250 user2@example.com')" || { cat "$D/log"; return 1; }
		grep -q '^! 2 550 5\.1\.1 ' "$SPOOL"/fail/*
		grep -q '^! 3 552 5\.2\.2 ' "$SPOOL"/fail/*
		find "$SPOOL/fail" -type f -delete
	done
	[ "$(mails)" -eq 4 ]
}

@test "a text is in the mailbox as it was sent, dots and all" {
	{ letter dots; printf '.\n..\n.x\n\nend\n.\n'; } |
		ml-enqueue -f news@example.org "$SPOOL" user1@example.com
	run -0 --separate-stderr ml-runner -1q "$SPOOL" lmtp "$D/lmtp"
	run sed '1,/^$/d' "$D"/mail/user1/Maildir/new/*
	assert_lines "$(printf '%s\n' Hello. . .. .x '' end .)"
}

# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# To be sourced: a Postfix of one's own below the current directory, on a loopback port, that takes
# everything and throws it away.  The host's own is not touched.  Needs root.
#
#   postfix_start SETTING...   with these lines in main.cf; its port in $port
#   postfix_idle               waits till its queue is empty
#   postfix_stop

postfix=
port=

postfix_make() {
	owner=$(postconf -d -h mail_owner) && group=$(postconf -d -h setgid_group) || return
	mkdir -p pf/etc pf/data pf/queue/pid || return
	(
		cd pf/queue || exit
		mkdir active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace
		chown "$owner" [abcdfhistm]* private public ../data
		chgrp "$group" maildrop public
		chmod 700 [abcdfhist]* private ../data
		chmod 730 maildrop
		chmod 710 public
	)
	# the test of the port is a connection that nobody may answer
	port=$(($$ % 10000 + 20000))
	cat >pf/etc/master.cf <<-END
	127.0.0.1:$port inet n - n - 50 smtpd
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	proxymap unix - - n - - proxymap
	anvil unix - - n - 1 anvil
	postlog unix-dgram n - n - 1 postlogd
	END
}

postfix_start() {
	[ -d pf ] || postfix_make || return
	cat >pf/etc/main.cf <<-END
	compatibility_level = 3.6
	queue_directory = $PWD/pf/queue
	data_directory = $PWD/pf/data
	maillog_file = $PWD/pf/log
	maillog_file_prefixes = $PWD
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	myhostname = mta.example.org
	mydestination =
	alias_maps =
	alias_database =
	default_transport = discard:
	mynetworks = 127.0.0.0/8
	smtpd_relay_restrictions = permit_mynetworks, reject
	smtpd_tls_security_level = none
	notify_classes =
	END
	printf '%s\n' "$@" >>pf/etc/main.cf
	: >pf/log
	setsid "$(postconf -d -h daemon_directory)/master" -c "$PWD/pf/etc" &
	postfix=$!
	until grep -q 'daemon started' pf/log; do
		kill -0 "$postfix" 2>/dev/null || return
		sleep 0.1
	done
}

postfix_idle() {
	until [ -z "$(find pf/queue/incoming pf/queue/active pf/queue/deferred -type f)" ]; do
		sleep 0.1
	done
}

postfix_stop() {
	[ -z "$postfix" ] || { kill "$postfix"; wait "$postfix"; } 2>/dev/null
	postfix=
}

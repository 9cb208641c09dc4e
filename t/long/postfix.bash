# SPDX-License-Identifier: ISC
# A Postfix of the test's own, on a port of the loopback (MTA_PORT), that relays everything to the
# sink.  Configuration, queue, data and log lie below $BATS_TEST_TMPDIR/postfix; the host's own Postfix
# and its configuration are not touched.
#
#   need_postfix            skips the test where there is none, or this is not root
#   postfix_up [SETTING…]   starts it, with lines for main.cf
#   postfix_down            as "postfix stop" does it; returns when all its processes are gone
#   postfix_empty           true when its queue holds nothing
#   postfix_took            "SENDER RECIPIENT" of each message that it took in and delivered, be it
#                           to nowhere; postfix_settled is true when there are no more
#   submissions             "SENDER QUEUEID" of each message that it took in

POSTFIX=
MTA_PORT=

need_postfix()
{
	[ "$(id -u)" -eq 0 ] || skip "Postfix can only be started by root"
	need postfix postconf setsid
	PF=$BATS_TEST_TMPDIR/postfix
	PF_LOG=$PF/log
	searchable
	mkdir -p "$PF/etc" "$PF/queue/pid" "$PF/data"
	local d owner group
	owner=$(postconf -d -h mail_owner)
	group=$(postconf -d -h setgid_group)
	for d in active bounce corrupt defer deferred flush hold incoming private saved trace; do
		mkdir "$PF/queue/$d"
	done
	mkdir "$PF/queue/maildrop" "$PF/queue/public"
	chown "$owner" "$PF"/queue/* "$PF/data"
	chown root "$PF/queue/pid"
	chgrp "$group" "$PF/queue/maildrop" "$PF/queue/public"
	chmod 755 "$PF" "$PF/etc" "$PF/queue" "$PF/queue/pid"
	chmod 700 "$PF"/queue/[abcdfhist]* "$PF/queue/private" "$PF/data"
	chmod 730 "$PF/queue/maildrop"
	chmod 710 "$PF/queue/public"
	MTA_PORT=$(free_port)
	cat >"$PF/etc/master.cf" <<-EOF
	127.0.0.1:$MTA_PORT inet n - n - 50 smtpd
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	smtp unix - - n - 20 smtp
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	proxymap unix - - n - - proxymap
	anvil unix - - n - 1 anvil
	scache unix - - n - 1 scache
	postlog unix-dgram n - n - 1 postlogd
	EOF
}

postfix_up()
{
	cat >"$PF/etc/main.cf" <<-EOF
	compatibility_level = 3.6
	queue_directory = $PF/queue
	data_directory = $PF/data
	maillog_file = $PF_LOG
	maillog_file_prefixes = $PF
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	myhostname = mta.example.org
	mydestination =
	alias_maps =
	alias_database =
	default_transport = smtp
	relayhost = ${PORT:+[127.0.0.1]:$PORT}
	mynetworks = 127.0.0.0/8
	smtpd_relay_restrictions = permit_mynetworks, reject
	smtp_dns_support_level = disabled
	smtp_host_lookup = native
	smtp_tls_security_level = none
	smtpd_tls_security_level = none
	notify_classes =
	enable_long_queue_ids = yes
	EOF
	printf '%s\n' "$@" >>"$PF/etc/main.cf"
	start setsid "$(postconf -d -h daemon_directory)/master" -c "$PF/etc"
	POSTFIX=$PID
	wait_for grep -q "master.$POSTFIX.: daemon started" "$PF_LOG"
}

postfix_down()
{
	[ -n "$POSTFIX" ] || return 0
	stop "$POSTFIX"
	wait_for group_gone "$POSTFIX"
	POSTFIX=
}

postfix_empty()
{
	[ -z "$(find "$PF"/queue/incoming "$PF"/queue/active "$PF"/queue/deferred -type f)" ]
}

# A file that cleanup had not finished when Postfix went down is nobody's message: it lacks the x.
postfix_settled()
{
	[ -z "$(find "$PF"/queue/incoming "$PF"/queue/active "$PF"/queue/deferred -type f -perm -u+x)" ]
}

postfix_took()
{
	awk '
	# date, date, date, host, program, queue id, from= or to=
	$5 ~ /\/qmgr\[/ && $7 ~ /^from=/ { from[$6] = substr($7, 7, length($7) - 8) }
	$7 ~ /^to=/ && / status=sent / { to[$6 " " substr($7, 5, length($7) - 6)] }
	END {
		for (i in to) {
			split(i, part, " ")
			print from[part[1]] " " part[2]
		}
	}' "$PF_LOG"
}

submissions()
{
	sed -n 's/.*qmgr\[[0-9]*\]: \([0-9A-Za-z]*\): from=<\([^>]*\)>, size=.*/\2 \1/p' "$PF_LOG" | sort -u
}

teardown()
{
	postfix_down
	stop_started
}

# SPDX-License-Identifier: ISC
# An OpenSMTPD of the test's own, on a port of the loopback (MTA_PORT), that takes everything into
# its queue and keeps it there.  `load apart` before it.
#
#   need_opensmtpd           skips the test where it can't be had
#   opensmtpd_up [SETTING…]  starts it, with lines for its configuration
#   opensmtpd_down           as a service manager stops it; returns when all processes are gone
#   opensmtpd_took           "SENDER RECIPIENT" of each message in its queue; opensmtpd_settled is true
#                         when it has no more to tell

OPENSMTPD=

need_opensmtpd()
{
	need_apart opensmtpd
	apart_account opensmtpd
	apart_account opensmtpq
	apart_over /var/spool smtpd
	apart_over /var/lib opensmtpd/empty
	apart_over /run
	MTA_PORT=$(free_port)
	local d spool=$APART_DIR/over/var/spool/smtpd
	for d in corrupt incoming offline purge queue temporary; do
		mkdir "$spool/$d"
		chown 64002:0 "$spool/$d"
		chmod 700 "$spool/$d"
	done
	chown 0:64002 "$spool/offline"
	chmod 770 "$spool/offline"
	chmod 711 "$spool"
}

opensmtpd_up()
{
	printf '%s\n' "listen on 127.0.0.1 port $MTA_PORT hostname mta.example.org" "$@" \
		'action out relay host smtp://127.0.0.1:9' 'match from any for any action out' \
		>"$APART_DIR/smtpd.conf"
	start apart "$APART/usr/sbin/smtpd" -d -P mta -f "$APART_DIR/smtpd.conf"
	OPENSMTPD=$PID
	wait_for listens "$MTA_PORT"
}

opensmtpd_down()
{
	[ -n "$OPENSMTPD" ] || return 0
	stop "$OPENSMTPD"
	wait_for group_gone "$OPENSMTPD"
	OPENSMTPD=
}

opensmtpd_took()
{
	find "$APART_DIR/over/var/spool/smtpd/queue" -type f ! -name message -exec awk '
	/^sender: / { sender = $2 }
	/^rcpt: / { print sender " " $2 }' {} +
}

# What it took it has.
opensmtpd_settled()
{
	:
}

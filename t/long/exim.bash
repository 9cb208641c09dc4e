# SPDX-License-Identifier: ISC
# An Exim of the test's own, on a port of the loopback (MTA_PORT), that takes everything into its
# queue and keeps it there.  `load apart` before it.
#
#   need_exim [DIR]       skips the test where it can't be had; DIR is for its queue, so that the
#                         disk has no say in how fast it is; exim_clean removes it
#   exim_up [SETTING…]    starts it, with lines for the main part of its configuration
#   exim_down             as a service manager stops it: the daemon and its sessions; returns when
#                         all are gone
#   exim_took             "SENDER RECIPIENT" of each message in its queue; exim_settled is true
#                         when it has no more to tell

EXIM=
EXIM_SPOOL=

need_exim()
{
	need_apart exim
	apart_account Debian-exim
	MTA_PORT=$(free_port)
	EXIM_SPOOL=$(mktemp -d "${1:-$APART_DIR}/spool.XXXXXX")
	mkdir "$APART_DIR/log"
	chown 64001:64001 "$EXIM_SPOOL" "$APART_DIR/log"
}

exim_clean()
{
	[ -z "$EXIM_SPOOL" ] || rm -rf "$EXIM_SPOOL"
}

exim_up()
{
	{
		cat <<-EOT
		spool_directory = $EXIM_SPOOL
		log_file_path = $APART_DIR/log/%s
		pid_file_path = $APART_DIR/pid
		primary_hostname = mta.example.org
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $MTA_PORT
		tls_advertise_hosts =
		host_lookup =
		rfc1413_hosts =
		split_spool_directory
		queue_only
		smtp_accept_max = 100
		acl_smtp_rcpt = accept
		acl_smtp_data = accept
		EOT
		printf '%s\n' "$@"
		printf '%s\n' 'begin routers' 'nowhere:' '  driver = redirect' '  data = :blackhole:'
	} >"$APART_DIR/exim.conf"
	start apart "$APART/usr/sbin/exim4" -C "$APART_DIR/exim.conf" -bdf
	EXIM=$PID
	wait_for listens "$MTA_PORT"
}

exim_down()
{
	[ -n "$EXIM" ] || return 0
	kill -s TERM -- "-$EXIM"
	stop "$EXIM"
	wait_for group_gone "$EXIM"
	EXIM=
}

# The head of a queue file: its name, the account, "<SENDER>", … the number of recipients, these.
exim_took()
{
	find "$EXIM_SPOOL/input" -name '*-H' -exec awk '
	FNR == 1 { sender = ""; n = 0 }
	FNR == 3 { sender = substr($0, 2, length($0) - 2) }
	FNR > 3 && n == 0 && /^[0-9]+$/ { n = $0; next }
	n > 0 { print sender " " $1; if (--n == 0) nextfile }' {} +
}

# What it took it has.
exim_settled()
{
	:
}

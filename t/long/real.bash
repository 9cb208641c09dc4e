# SPDX-License-Identifier: ISC
# For tests with real parts around the programs: `load ../lib`, then `load real`.
#
#   sink [OPTION…]      starts a sink on a port of its own (PORT, SINK_LOG, SINK_PID); a port, so that
#                       it stays free while the sink is down, that the kernel gives to no client
#   free_port           prints such a port
#   listens PORT        somebody does, on the loopback
#   group_gone PGID     no process of that group is left
#   arrived [LOG]       "SENDER RECIPIENT" of each message, a line each
#   has_arrived N       that many did
#   twice [LOG]         how many lines of these say again what another has said
#   assert_all N FROM   each of `addresses N` has got it at least once, all with its own return path
#                       FROM+user=domain@lists.example.org, and nobody else anything from FROM
#   delivered_marks     recipients that are marked delivered anywhere, sorted
#   nothing_left        all envelopes are in done/, and nothing else is anywhere but requeue's notes
#   names               each envelope's path and inode number: what a claim would change
#   searchable          lets other accounts pass through the directories above the test's own

SINK=${SINK:-$BIN/../t/sink}

free_port()
{
	local port
	while :; do
		port=$((20000 + RANDOM % 10000))
		listens "$port" || break
	done
	echo "$port"
}

listens()
{
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

group_gone()
{
	ps -e -o pgid= -o stat= | awk -v g="$1" '$1 == g && $2 !~ /^Z/ { n++ } END { exit n > 0 }'
}

sink()
{
	[ -x "$SINK" ] || skip "no SMTP sink: make it first"
	PORT=${PORT:-$(free_port)}
	SINK_LOG=$BATS_TEST_TMPDIR/sink.log
	start "$SINK" -l "$SINK_LOG" -p "$BATS_TEST_TMPDIR/sink.port" "$@" 127.0.0.1 "$PORT"
	SINK_PID=$PID
	wait_for test -s "$BATS_TEST_TMPDIR/sink.port"
}

arrived()
{
	awk -F '\t' '!/^#/ { print $3 " " $4 }' "${1:-$SINK_LOG}"
}

has_arrived()
{
	[ "$(arrived | wc -l)" -ge "$1" ]
}

twice()
{
	arrived "${1:-$SINK_LOG}" | sort | uniq -c | awk '{ n += $1 - 1 } END { print n + 0 }'
}

assert_all()
{
	arrived | awk -v n="$1" -v from="$2" '
	index($1, from "+") == 1 {
		to = $2
		user = to
		sub(/@.*/, "", user)
		if ($1 != from "+" user "=example.com@lists.example.org")
			print "wrong return path: " $0
		got[to] = 1
	}
	END {
		for (i = 1; i <= n; i++) {
			to = "user" i "@example.com"
			if (!(to in got))
				print "lost: " to
			delete got[to]
		}
		for (to in got)
			print "stranger: " to
	}' >"$BATS_TEST_TMPDIR/wrong"
	if [ -s "$BATS_TEST_TMPDIR/wrong" ]; then
		wc -l <"$BATS_TEST_TMPDIR/wrong"
		head -20 "$BATS_TEST_TMPDIR/wrong"
		return 1
	fi
}

delivered_marks()
{
	rcpts | sed -n 's/^D... //p' | sort
}

nothing_left()
{
	[ -z "$(tree | grep -v -e '^done/' -e '^run/\.seen\.')" ]
}

names()
{
	find "$SPOOL" -name '[0-9]*.*' ! -path '*/run/*' -printf '%P %i\n' | sort
}

searchable()
{
	local d=$BATS_TEST_TMPDIR
	while [ "$d" != "${BATS_RUN_TMPDIR%/*}" ] && [ "$d" != / ]; do
		chmod a+x "$d"
		d=${d%/*}
		[ -n "$d" ] || d=/
	done
}

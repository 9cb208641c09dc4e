#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Names of hosts and ports, as files of the test's own have them.
# shellcheck disable=SC2030,SC2031,SC2154
load ../lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	[ "$(id -u)" -eq 0 ] || skip "only root can put other files in the place of /etc/hosts"
	need unshare mount
	printf '%s\n' '127.0.0.1 localhost' '127.0.0.2 several' '::1 several' '127.0.0.1 several' \
		'127.0.0.2 none' '127.0.0.3 none' '127.0.0.1 mixed' '192.0.2.1 mixed' >hosts
	within true || skip "no mount name space can be had here"
	sink
	printf 'news-mta\t%d/tcp\n' "$PORT" >services
	post
}

# CMD with these files.
within()
{
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind hosts /etc/hosts && if test -e services && test -e /etc/services; then
		mount --bind services /etc/services; fi && exec "$@"' sh "$@"
}

@test "each address of a host is tried till one answers" {
	run -0 --separate-stderr within ml-runner -1q "$SPOOL" smtp several "$PORT"
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
	assert_stderr "$(printf '%s\n' "connected to=several:$PORT" "closed to=several:$PORT messages=1")"
}

@test "a host of which no address answers is down, with what the last one said" {
	run -75 --separate-stderr within ml-runner -1q "$SPOOL" smtp none "$PORT"
	assert_stderr "down to=none:$PORT error=\"Connection refused\""
	[ "$(rcpts new)" = 'T000 ann@example.com' ]
}

@test "a port by name" {
	[ -e /etc/services ] || skip "there is no /etc/services"
	run -0 --separate-stderr within ml-runner -1q "$SPOOL" smtp several news-mta
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
}

@test "credentials are refused to a host that may be another one, whatever else it is called" {
	(umask 077; echo ann:secret >file)
	run -64 --separate-stderr within ml-runner -1q -a file "$SPOOL" smtp mixed "$PORT"
	assert_stderr 'ml-runner: mixed: credentials never go in the clear to another host'
	[ "$(event connect)" -eq 0 ]
}

@test "a name that comes to mean another host after the start gets no credentials" {
	need ip
	# an address of this host that is not its loopback
	(umask 077; echo ann:secret >file)
	stop "$SINK_PID"
	SINK=${SINK:-$BIN/../t/sink}
	cat >moved <<-'END'
	#!/bin/sh
	set -e
	mount --bind hosts /etc/hosts
	ip link set lo up
	ip addr add 192.0.2.1/32 dev lo
	"$1" -A -T 20 -v -l log -p port 192.0.2.1 0 & s=$!
	until test -s port; do sleep 0.05; done
	echo '127.0.0.1 moving' >hosts
	ml-runner -a file "$2" smtp moving "$(cat port)" 2>err & r=$!
	until grep -q refused err; do sleep 0.05; done
	echo '192.0.2.1 moving' >hosts
	kill -s ALRM "$r"
	until grep -q 'other host\|another host' err || grep -q AUTH log; do sleep 0.05; done
	kill "$r" "$s"
	wait
	END
	unshare -m -n ip link set lo up || skip "no network name space can be had here"
	run -0 timeout 30 unshare -m -n sh moved "$SINK" "$SPOOL"
	grep -q '^down to=.* error="credentials never go in the clear to another host"' err || { cat err log; return 1; }
	run ! grep -q AUTH log
}

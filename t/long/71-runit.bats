#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The services of contrib/runit under the real thing.
load ../lib
load real
load supervised

TIMESTAMP='[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9:.]+'

setup()
{
	need runsvdir runsv sv svlogd chpst
	install_services runit
	export SVDIR=$SCAN SVWAIT=20
}

supervised()
{
	sv status ml-runner | grep '^[a-z]*: ml-runner: .*; [a-z]*: log: ' &&
		sv status ml-requeue | grep '^[a-z]*: ml-requeue: .*; [a-z]*: log: '
}

super_start()
{
	start runsvdir "$SCAN"
	RUNSVDIR=$PID
	wait_for supervised
}

unsupervised()
{
	local d
	for d in "$SCAN"/*/; do
		if sv status "$d" | grep -vq 'runsv not running$'; then
			return 1
		fi
	done
}

super_end()
{
	stop "$RUNSVDIR" HUP
	[ "$status" -eq 111 ]
	wait_for unsupervised
}

service_is()
{
	sv status "$1" | grep -q "^$2: "
}

service_down()
{
	sv down "$1"
	wait_for service_is "$1" down
}

service_up()
{
	sv up "$1"
	wait_for service_is "$1" run
}

is_unwanted()
{
	[[ "$(sv status ml-runner)" != *'want up'* ]]
}

teardown()
{
	local d
	if [ -n "${RUNSVDIR:-}" ]; then
		kill -s KILL "$RUNSVDIR" 2>/dev/null || :
		for d in "$SCAN"/*/; do
			sv -w 2 force-shutdown "$d" >/dev/null 2>&1 || :
		done
		wait_for unsupervised || :
	fi
	stop_started
}

@test "sv down in mid-broadcast and sv up: nothing is lost, nothing sent twice" {
	taken_down
}

@test "a runner and then its parent killed with -9: runsv and ml-requeue repair it" {
	killed
}

@test "runsvdir ended by HUP: all is delivered, and no process, claim or run file is left" {
	ended
}

@test "a wrong command line is tried once, and then the service is down" {
	wrong_usage
}

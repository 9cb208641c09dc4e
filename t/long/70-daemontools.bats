#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The services of contrib/daemontools under the real thing.
load ../lib
load real
load supervised

TIMESTAMP='@[0-9a-f]{24}'

setup()
{
	need svscan supervise svc svstat svok multilog setuidgid
	install_services daemontools
}

super_start()
{
	start svscan "$SCAN"
	SVSCAN=$PID
	wait_for svok "$SCAN/ml-runner"
	wait_for svok "$SCAN/ml-requeue/log"
}

unsupervised()
{
	local d
	for d in "$SCAN"/*/ "$SCAN"/*/log/; do
		if svok "$d"; then
			return 1
		fi
	done
}

# Loggers end with the service that they read from.
super_end()
{
	stop "$SVSCAN"
	svc -dx "$SCAN"/*/
	svc -x "$SCAN"/*/log/
	wait_for unsupervised
}

service_is()
{
	svstat "$SCAN/$1" | grep -q ": $2"
}

service_down()
{
	svc -d "$SCAN/$1"
	wait_for service_is "$1" down
}

service_up()
{
	svc -u "$SCAN/$1"
	wait_for service_is "$1" up
}

teardown()
{
	if [ -n "${SVSCAN:-}" ]; then
		kill -s KILL "$SVSCAN" 2>/dev/null || :
		svc -dkx "$SCAN"/*/ "$SCAN"/*/log/ 2>/dev/null || :
		wait_for unsupervised || :
	fi
	stop_started
}

@test "svc -d in mid-broadcast and svc -u: nothing is lost, nothing sent twice" {
	taken_down
}

@test "a runner and then its parent killed with -9: supervise and ml-requeue repair it" {
	killed
}

@test "svscan ended and svc -dx: all is delivered, and no process, claim or run file is left" {
	ended
}

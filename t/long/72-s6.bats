#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The services of contrib/s6 under the real thing.
load ../lib
load real
load supervised

TIMESTAMP='@[0-9a-f]{24}'

setup()
{
	need s6-svscan s6-svscanctl s6-svc s6-svok s6-svstat s6-log s6-setuidgid
	install_services s6
}

super_start()
{
	start s6-svscan "$SCAN"
	SVSCAN=$PID
	wait_for s6-svok "$SCAN/ml-runner"
	wait_for s6-svok "$SCAN/ml-requeue/log"
}

super_end()
{
	s6-svscanctl -t "$SCAN"
	wait_for gone "$SVSCAN"
	run ! s6-svok "$SCAN/ml-runner"
	run ! s6-svok "$SCAN/ml-runner/log"
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

service_is()
{
	s6-svstat "$SCAN/$1" | grep -q "^$2 "
}

service_down()
{
	s6-svc -wD -T 20000 -d "$SCAN/$1"
	service_is "$1" down
}

service_up()
{
	s6-svc -wu -T 20000 -u "$SCAN/$1"
	service_is "$1" up
}

is_unwanted()
{
	[ "$(s6-svstat -o up,wantedup "$SCAN/ml-runner")" = 'false false' ]
}

teardown()
{
	local d
	if [ -n "${SVSCAN:-}" ] && kill -0 "$SVSCAN" 2>/dev/null; then
		s6-svscanctl -t "$SCAN" || :
		if ! wait_for gone "$SVSCAN"; then
			for d in "$SCAN"/*/ "$SCAN"/*/log/; do
				s6-svc -kdx "$d" || :
			done
		fi
	fi
	stop_started
}

@test "s6-svc -d in mid-broadcast and s6-svc -u: nothing is lost, nothing sent twice" {
	taken_down
}

@test "a runner and then its parent killed with -9: s6-supervise and ml-requeue repair it" {
	killed
}

@test "s6-svscan ended: all is delivered, and no process, claim or run file is left" {
	ended
}

@test "a wrong command line is tried once, and then the service is down" {
	wrong_usage
}

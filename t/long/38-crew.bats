#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# -j: a signal that comes to the parent while it passes on the one before.
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib

setup()
{
	need_strace
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

two_idle()
{
	[ "$(grep -l '^state idle' "$SPOOL"/run/[0-9]* | wc -l)" -eq 2 ]
}

passed_on()
{
	[ "$(grep -c "^kill([0-9]*, SIG$1)" trace)" -eq "$2" ]
}

@test "-j: HUP and ALRM that come while the last is passed on are passed on as well" {
	for signal in HUP ALRM; do
		start strace -qq -o trace -e trace=kill -e signal=none -e "inject=kill:signal=$signal:when=2" \
			ml-runner -j 2 "$SPOOL" smtp 127.0.0.1 1
		wait_for two_idle
		parent=$(cat "/proc/$PID/task/$PID/children")
		parent=${parent% }
		STARTED+=("$parent")
		kill -s "$signal" "$parent"
		wait_for passed_on "$signal" 4
		stop "$parent"
		wait "$PID"
	done
}

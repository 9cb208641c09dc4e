# SPDX-License-Identifier: ISC
# What the tests of the three supervisors share.  A test file says how its supervisor is spoken to:
# super_start, super_end, service_down NAME and service_up NAME (each returns when it is so), and
# TIMESTAMP, a pattern for what the logger puts in front of a line.
#
#   install_services KIND   contrib/KIND's services in $SCAN, with their names changed as an operator
#                           would: the account to nobody (none unless root), the spool, and the sink
#                           as the MTA, which answers a little slowly
#   broadcast N             one message to N members
#   assert_logged N         N deliveries stand in the runner's log, and each line has a timestamp
#   taken_down, killed, ended, wrong_usage      the tests (the last needs service_is NAME STATE, and
#                           is_unwanted: the runner is not about to be started)

install_services()
{
	local f account=
	SCAN=$BATS_TEST_TMPDIR/service
	mkspool
	sink -d 4
	mkdir "$SCAN"
	cp -R "$BATS_TEST_DIRNAME/../../contrib/$1"/ml-* "$SCAN"
	mkdir "$SCAN"/ml-runner/log/main "$SCAN"/ml-requeue/log/main
	if [ "$(id -u)" -eq 0 ]; then
		account=nobody
		searchable
		mkdir "$BATS_TEST_TMPDIR/bin"
		cp "$BIN"/ml-* "$BATS_TEST_TMPDIR/bin"
		chmod -R a+rX "$BATS_TEST_TMPDIR/bin"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH
		chown -R nobody "$SPOOL" "$SCAN"/*/log/main
	fi
	for f in "$SCAN"/*/run "$SCAN"/*/log/run; do
		sed -i -e "s,/var/spool/ml/news,$SPOOL," -e "s/127.0.0.1 25/127.0.0.1 $PORT/" \
			-e "s/-i 60/-i 1/" -e "s/\(s6-setuidgid\|setuidgid\|chpst -u\) ml /${account:+\1 $account }/" "$f"
	done
}

broadcast()
{
	addresses "$1" >"$BATS_TEST_TMPDIR/members"
	letter | ml-explode -f news@lists.example.org -V += -n 20 -l "$BATS_TEST_TMPDIR/members" "$SPOOL"
}

all_done()
{
	[ "$(rcpts 'done' | grep -c '^D250 ')" -eq "$1" ]
}

# The process ids of the live runners.
runners()
{
	local f
	for f in "$SPOOL"/run/[0-9]*; do
		if grep -qsx 'role runner' "$f"; then
			sed -n 's/^pid //p' "$f"
		fi
	done
}

runners_are()
{
	[ "$(runners | wc -l)" -eq "$1" ]
}

log_of()
{
	cat "$SCAN/$1"/log/main/@* "$SCAN/$1/log/main/current" 2>/dev/null || :
}

logged()
{
	[ "$(log_of ml-runner | grep -c ' delivered ')" -eq "$1" ]
}

assert_logged()
{
	wait_for logged "$1"
	run ! grep -Ev "^$TIMESTAMP [a-z]" <(log_of ml-runner)
	[ "$(log_of ml-runner | sed -n 's/.* delivered .* to=\([^ ]*\).*/\1/p' | sort -u | wc -l)" -eq "$1" ]
}

# Down in mid-broadcast and up again.
taken_down()
{
	broadcast 600
	super_start
	wait_for has_arrived 100
	service_down ml-runner
	wait_for runners_are 0
	[ -z "$(envelopes cur)" ]
	[ -n "$(rcpts new | grep '^T000 ')" ]
	[ -z "$(rcpts | grep -v -e '^T000 ' -e '^D250 ')" ]
	delivered_marks >"$BATS_TEST_TMPDIR/marked"
	arrived | sed 's/.* //' | sort | diff - "$BATS_TEST_TMPDIR/marked"

	service_up ml-runner
	wait_for -t 30 all_done 600
	assert_all 600 news
	[ "$(arrived | wc -l)" -eq 600 ]
	assert_logged 600
}

# Of the newest: another may be one of those that were told to end.
know_parent()
{
	parent=$(ps -o ppid= -p "$(runners | tail -n 1)" | tr -d ' ')
	[ "$(cat "/proc/$parent/comm")" = ml-runner ]
}

# One runner with -9, whose parent gives up so that all start anew; then the parent with -9, after
# which its runners finish what is in flight.
killed()
{
	local first parent
	broadcast 900
	super_start
	wait_for has_arrived 100
	wait_for runners_are 2
	first=$(runners | head -n 1)
	kill -s KILL "$first"
	wait_for fresh_runners "$first"
	wait_for has_arrived 300
	wait_for know_parent
	kill -s KILL "$parent"
	wait_for -t 40 all_done 900
	assert_all 900 news
	[ "$(twice)" -le 1 ]
	wait_for runners_are 2
	log_of ml-requeue | grep -E "^$TIMESTAMP .*returned=[1-9]"
}

# Two live ones, neither of them that one.
fresh_runners()
{
	[ "$(runners | grep -cvx "$1")" -eq 2 ]
}

# Everything down, nothing left.
ended()
{
	broadcast 100
	super_start
	wait_for -t 30 all_done 100
	super_end
	nothing_left
	assert_logged 100
}

# Wrong usage ends the service for good: it is not started each second, and its log says why.
wrong_usage()
{
	sed -i 's/ml-runner -j 2/ml-runner -j none/' "$SCAN/ml-runner/run"
	super_start
	wait_for said_no
	wait_for service_is ml-runner down
	wait_for is_unwanted
	[ "$(log_of ml-runner | grep -c 'ml-runner: -j: ')" -eq 1 ]
}

said_no()
{
	log_of ml-runner | grep 'ml-runner: -j: none: '
}

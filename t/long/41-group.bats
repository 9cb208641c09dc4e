#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A spool that several users share through a group: each program as another user, none as root.
load ../lib

GROUP=64001
PRODUCER=64011
RUNNER=64012
REQUEUER=64013
STRANGER=64014

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "only root may be several users"
	need setpriv pgrep
	HOME_DIR=$(mktemp -d /tmp/ml-group.XXXXXX)
	chmod 755 "$HOME_DIR"
	cp "$BIN"/ml-* "$HOME_DIR"
	setpriv --reuid="$STRANGER" --regid="$STRANGER" --clear-groups "$HOME_DIR/ml-status" "$HOME_DIR" \
		2>/dev/null || [ $? -eq 69 ] || skip "users can't run the programs here"
	cd "$HOME_DIR" || return
	SPOOL=$HOME_DIR/spool
	ml-mkspool -g "$GROUP" "$SPOOL"
	letter >letter
	addresses 4 >list
	chmod 644 letter list
}

teardown()
{
	cd / || return
	stop_started
	rm -rf "$HOME_DIR"
}

# as USER CMD…: with a group of its own and the spool's, and a umask that gives nothing away.
as()
{
	local user=$1
	shift
	(
		umask 077
		PATH=$HOME_DIR:$PATH setpriv --reuid="$user" --regid="$user" --groups="$GROUP" "$@"
	)
}

outside()
{
	PATH=$HOME_DIR:$PATH setpriv --reuid="$STRANGER" --regid="$STRANGER" --clear-groups "$@"
}

# Every file and directory has the group, its bits, and nothing for others.
all_shared()
{
	local odd
	odd=$(find "$SPOOL" ! -group "$GROUP" -o -type d ! -perm 2770 -o ! -type d ! -perm 660)
	if [ -n "$odd" ]; then
		echo "$odd" | xargs ls -ld
		return 1
	fi
}

snapshot()
{
	find "$SPOOL" -printf '%p %m %u %g %i %s\n' | sort
}

@test "what one user enqueues another delivers and a third requeues" {
	local dead f
	all_shared
	sink
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" ann@example.com late@example.com <letter
	as "$PRODUCER" ml-explode -f news@example.org -V += -n 2 -k K -l list -m letter "$SPOOL"
	all_shared
	rule 'rcpt late@* 450 4.2.1 later' 'rcpt user4@* 550 5.1.1 no such user'
	as "$RUNNER" ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	all_shared
	[ "$(rcpts 'done' fail | sort)" = $'D250 user1@example.com\nD250 user2@example.com\nD250 user3@example.com\nF550 user4@example.com' ]
	[ "$(rcpts defer)" = $'D250 ann@example.com\nT450 late@example.com' ]
	rule
	as "$REQUEUER" ml-requeue -a "$SPOOL"
	all_shared
	as "$RUNNER" ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ -z "$(twice)" ]
	[ "$(delivered)" -eq 5 ]
	# what a dead runner of another user left
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" bob@example.com <letter
	rule 'text * stall 60'
	start as "$RUNNER" ml-runner "$SPOOL" smtp 127.0.0.1 "$PORT"
	dead=$PID
	wait_for claimed
	kill -KILL "$(pgrep -x -U "$RUNNER" ml-runner)"
	wait "$dead" || :
	rule
	as "$REQUEUER" ml-requeue -g 0 "$SPOOL"
	all_shared
	as "$RUNNER" ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	f=$(grep -l bob@example.com "$SPOOL"/done/*)
	grep -qx 'D250 bob@example.com' "$f"
	[ "$(stat -c %u "$f")" -eq "$PRODUCER" ]
	as "$REQUEUER" ml-requeue -k 0 "$SPOOL"
	[ -z "$(ls "$SPOOL/done")" ]
}

claimed()
{
	[ -n "$(find "$SPOOL/cur" -type f)" ]
}

@test "a runner of one user is woken by a producer that is another" {
	sink
	start as "$RUNNER" ml-runner "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for grep -qxr 'state idle' "$SPOOL/run"
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	wait_for -t 5 has_delivered 1
	kill "$(pgrep -x -U "$RUNNER" ml-runner)"
	wait "$PID"
}

@test "a user outside the group gets 77 and one line, and nothing changes" {
	local command before
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	before=$(snapshot)
	for command in "ml-enqueue -f a@example.org $SPOOL b@example.com" \
		"ml-explode -f a@example.org -l list -m letter $SPOOL" \
		"ml-runner -1 $SPOOL smtp 127.0.0.1 1" "ml-requeue -a $SPOOL" "ml-status $SPOOL" \
		"ml-mkspool $SPOOL"; do
		# shellcheck disable=SC2086
		run --separate-stderr outside $command <letter
		echo "$command: exit $status: $stderr"
		[ "$status" -eq 77 ]
		[ -z "$output" ]
		[[ $stderr =~ ^ml-[a-z]+:\ [^$'\n']+:\ (Permission denied|Operation not permitted)$ ]]
	done
	[ "$(snapshot)" = "$before" ]
}

@test "what root makes gets the owner of the spool, and its group and bits" {
	chown -R "$PRODUCER" "$SPOOL"
	umask 077
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	ml-explode -f news@example.org -n 2 -k K -l list -m letter "$SPOOL"
	sink
	start ml-runner "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for has_delivered 5
	[ -n "$(ls "$SPOOL/run")" ]
	all_shared
	[ -z "$(find "$SPOOL" ! -user "$PRODUCER")" ]
	stop "$PID"
	rm -rf "$SPOOL/defer" "$SPOOL/trigger"
	ml-mkspool "$SPOOL"
	all_shared
	[ -z "$(find "$SPOOL" ! -user "$PRODUCER")" ]
}

@test "without a group the files of root's programs are the owner's alone" {
	SPOOL=$HOME_DIR/private
	mkdir "$SPOOL"
	chown "$PRODUCER:$PRODUCER" "$SPOOL"
	chmod 700 "$SPOOL"
	umask 000
	ml-mkspool "$SPOOL"
	ml-explode -f news@example.org -n 2 -l list -m letter "$SPOOL"
	[ -z "$(find "$SPOOL" ! -user "$PRODUCER" -o ! -group "$PRODUCER")" ]
	[ -z "$(find "$SPOOL" -type d ! -perm 700 -o ! -type d ! -perm 600)" ]
	sink
	as "$PRODUCER" ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$(delivered)" -eq 4 ]
}

@test "what a runner may not move, or not write, is told once and skipped" {
	local b n
	sink
	b=$(as "$PRODUCER" ml-explode -f news@example.org -n 4 -l list -m letter "$SPOOL")
	n=$(as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" closed@example.com <letter)
	# made by hand, without the group
	chown root:root "$SPOOL/new/$b" "$SPOOL/new/$n"
	chmod 755 "$SPOOL/new/$b"
	chmod 600 "$SPOOL/new/$n"
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	start as "$RUNNER" ml-runner "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for has_delivered 1
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" bob@example.com <letter
	wait_for has_delivered 2
	as "$PRODUCER" ml-enqueue -f news@example.org "$SPOOL" eve@example.com <letter
	wait_for has_delivered 3
	kill "$(pgrep -x -U "$RUNNER" ml-runner)"
	wait "$PID"
	cat "$PID_ERR"
	[ "$(grep -c "$b.*Permission denied" "$PID_ERR")" -eq 1 ]
	[ "$(grep -c "$n.*Permission denied" "$PID_ERR")" -eq 1 ]
	# the one could be moved, and waits; it is untouched
	[ "$(rcpts new defer | grep -cx 'T000 closed@example.com')" -eq 1 ]
	[ "$(find "$SPOOL/new/$b" -type f | wc -l)" -eq 1 ]
	[ "$(delivered)" -eq 3 ]
	# with -1 there is nothing that it could do
	run -0 --separate-stderr as "$RUNNER" timeout 20 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
}

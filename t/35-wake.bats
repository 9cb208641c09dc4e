#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Waking and resting: who is idle costs nothing and is there at once; what is paused stays.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

all_idle()
{
	[ "$(grep -l '^state idle$' "$SPOOL"/run/[0-9]* | wc -l)" -eq "$1" ]
}

# How often a process has gone to sleep.
sleeps()
{
	sed -n 's/^voluntary_ctxt_switches:	//p' "/proc/$1/status"
}

cpu()
{
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 12,13
}

slept_more()
{
	local i
	for i in "${!pids[@]}"; do
		[ "$(sleeps "${pids[i]}")" -gt "${before[i]}" ] || return
	done
}

@test "an enqueue wakes every idle runner, and one of them delivers" {
	sink
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		start_runner
		pids+=("$PID")
	done
	wait_for all_idle 8
	# their state is told, and nothing moves them now but the trigger
	before=()
	for p in "${pids[@]}"; do before+=("$(sleeps "$p")"); done
	run ! slept_more
	post
	wait_for -t 3 slept_more
	wait_for has_delivered 1
	[ "$(event connect)" -eq 1 ]
	[ -z "$(twice)" ]
}

@test "an enqueue, an explode and ml-requeue each start an idle runner" {
	sink
	start_runner
	wait_for all_idle 1
	post
	wait_for -t 3 has_delivered 1
	wait_for all_idle 1
	explode 3
	wait_for -t 3 has_delivered 4
	wait_for all_idle 1
	rule 'rcpt * times 1 450 wait'
	post
	wait_for eval '[ -n "$(ls "$SPOOL/defer")" ]'
	wait_for all_idle 1
	ml-requeue -a "$SPOOL"
	wait_for -t 3 has_delivered 5
}

@test "what is enqueued is delivered within 50 ms by an idle runner" {
	sink
	start_runner
	best=1000000
	for i in 1 2 3 4 5 6 7 8; do
		wait_for all_idle 1
		post "user$i@example.com"
		t=$(now)
		wait_for has_delivered "$i"
		took=$(($(tail -n 1 <(grep -v '^#' "$LOG") | cut -f 1) - t))
		[ "$took" -ge "$best" ] || best=$took
		if [ "$i" -ge 2 ] && [ "$best" -lt 50000 ]; then break; fi
	done
	echo "best of $i: $best microseconds"
	[ "$best" -lt 50000 ]
}

@test "an idle runner uses no processor time" {
	sink
	post
	start_runner
	wait_for has_delivered 1
	wait_for all_idle 1
	used=$(cpu "$PID")
	slept=$(sleeps "$PID")
	end=$(($(now) + 2000000))
	wait_for eval '[ "$(now)" -ge '"$end"' ]'
	[ "$(cpu "$PID")" = "$used" ]
	[ $(($(sleeps "$PID") - slept)) -le 2 ]
}

@test "without the trigger everything works, only later" {
	sink
	rm "$SPOOL/trigger"
	explode 10
	start_runner
	wait_for has_delivered 10
	post
	# nobody pulls; the look that ALRM asks for is the one of every ten seconds
	kill -s ALRM "$PID"
	wait_for has_delivered 11
	stop "$PID"
	[ "$status" -eq 0 ]
}

@test "a trigger that is a plain file, or full of bytes, does no harm" {
	sink
	rm "$SPOOL/trigger"
	echo x >"$SPOOL/trigger"
	explode 10
	runner -1q
	[ "$(delivered)" -eq 10 ]
	rm "$SPOOL/trigger"
	mkfifo "$SPOOL/trigger"
	start_runner
	wait_for all_idle 1
	exec 8<>"$SPOOL/trigger"
	head -c 60000 /dev/zero >&8
	post
	kill -s ALRM "$PID"
	wait_for -t 5 has_delivered 11
	exec 8>&-
	wait_for all_idle 1
	post
	wait_for -t 5 has_delivered 12
}

# The texts that were begun: what is claimed is not known from outside, but each claim begins with a MAIL.
mails()
{
	grep -c '^# cmd [0-9]* MAIL' "$LOG" || :
}

claimed()
{
	echo $((1000 - $(find "$SPOOL/new" -type f | wc -l)))
}

quiet()
{
	[ -z "$(ls -A "$SPOOL/cur")" ]
}

@test "paused in the middle of a broadcast: not one claim later; unpaused it goes on" {
	sink -d 2
	explode 1000 -n 1
	start_runner -q
	wait_for has_delivered 50
	: >"$SPOOL/paused"
	n=$(claimed)
	wait_for quiet
	wait_for grep -q '^state paused$' "$SPOOL"/run/[0-9]*
	# one claim may have begun before the file was there and shown up after the count
	[ "$(claimed)" -le $((n + 1)) ]
	n=$(claimed)
	[ "$(delivered)" -eq "$n" ]
	kill -s ALRM "$PID"
	post
	wait_for grep -q '^state paused$' "$SPOOL"/run/[0-9]*
	[ "$(delivered)" -eq "$n" ]
	[ "$(mails)" -eq "$n" ]
	rm "$SPOOL/paused"
	kill -s ALRM "$PID"
	wait_for has_delivered $((n + 100))
	stop "$PID"
	[ -z "$(twice)" ]
}

@test "a broadcast moved to hold/ in the middle: not one claim later; moved back it goes on" {
	sink -d 2
	explode 1000 -n 1
	start_runner -q
	b=$NAME
	wait_for has_delivered 50
	mv -T "$SPOOL/new/$b" "$SPOOL/hold/$b"
	n=$(find "$SPOOL/hold/$b" -type f | wc -l)
	wait_for quiet
	wait_for all_idle 1
	[ "$(find "$SPOOL/hold/$b" -type f | wc -l)" -eq "$n" ]
	[ "$(delivered)" -eq $((1000 - n)) ]
	# another mail does not move it either
	post
	wait_for has_delivered $((1001 - n))
	[ "$(find "$SPOOL/hold/$b" -type f | wc -l)" -eq "$n" ]
	mv -T "$SPOOL/hold/$b" "$SPOOL/new/$b"
	kill -s ALRM "$PID"
	wait_for -t 20 has_delivered 1001
	stop "$PID"
	[ -z "$(twice)" ]
	[ "$(find "$SPOOL/done" -type f | wc -l)" -eq 1001 ]
}

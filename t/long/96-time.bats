#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Identity and time, for real: containers, an absence longer than a lease, clocks that step, a great many dead.
# What files can forge is in 49-time.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# container NAME [OPTIONS]: a namespace of processes and of the host name, which is `box` in each; its first
# process is in the variable NAME
container()
{
	local name=$1
	shift
	start unshare --pid --fork --kill-child --uts "$@" sh -c 'hostname box && : >ready && exec sleep 600'
	wait_for test -e ready
	rm ready
	printf -v "$name" %s "$(pgrep -P "$PID")"
}

containers()
{
	[ "$(id -u)" -eq 0 ] || skip "root is needed for namespaces"
	need unshare nsenter pgrep
	unshare --pid --fork --uts --mount-proc true 2>unshare.err || skip "$(cat unshare.err)"
	container A --mount-proc
	container B --mount-proc
}

# in CONTAINER CMD…
in_()
{
	local first=$1
	shift
	nsenter --target "$first" --pid --uts --mount "$@"
}

later()
{
	local notes
	for notes in "$SPOOL"/run/.seen.*; do
		awk -v d="$1" '$1 == "seen" { $2 -= d } { print }' "$notes" >notes
		cat notes >"$notes"
	done
}

has_claims()
{
	[ "$(find "$SPOOL/cur" -type f | wc -l)" -ge "$1" ]
}

# A runner in container A with a claim: its file is RUN, and its number out here INNER.
runner_in_a()
{
	post
	start nsenter --target "$A" --pid --uts --mount ml-runner -q "$SPOOL" pipe sleep 600
	wait_for has_claims 1
	RUN=$(ls "$SPOOL/run")
	INNER=$(pgrep -x ml-runner -P "$PID")
}

@test "two containers with one host name: neither takes the other's runners for dead, and each knows its own" {
	containers
	runner_in_a
	[ "$(head_of "$SPOOL/run/$RUN" host)" = box ]
	number=$(head_of "$SPOOL/run/$RUN" pid)
	# to its neighbour that number is nobody, or somebody else
	run -0 --separate-stderr in_ "$B" ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	in_ "$B" sh -c "kill -0 $number 2>/dev/null || {
		echo $((number - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 600 3>&- >/dev/null 2>&1 &
	}"
	run -0 --separate-stderr in_ "$B" ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$RUN" ]
	# killed, it is dead at home at once
	kill -s KILL "$INNER"
	wait_for eval "! kill -0 $INNER"
	run -0 --separate-stderr in_ "$B" ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	run -0 --separate-stderr in_ "$A" ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$RUN"* ]]
	[ -f "$SPOOL/new/$NAME" ]
}

@test "a container that is gone with its runner leaves its claims to the lease of its neighbours" {
	containers
	runner_in_a
	kill -s KILL "$A"
	wait_for eval "! kill -0 $INNER"
	run -0 --separate-stderr in_ "$B" ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$RUN" ]
	later 600
	run -0 --separate-stderr in_ "$B" ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$RUN"* ]]
	[ -f "$SPOOL/new/$NAME" ]
}

@test "two containers that send with the same process numbers make no name twice, and -m counts both" {
	containers
	sink
	letter >letter
	for i in $(seq 40); do
		in_ "$A" ml-enqueue -f news@example.org "$SPOOL" "a$i@example.com" <letter &
		in_ "$B" ml-enqueue -f news@example.org "$SPOOL" "b$i@example.com" <letter
		wait $!
	done >names
	[ "$(sort -u names | wc -l)" -eq 80 ]
	[ "$(cut -d. -f2- names | sort -u | wc -l)" -eq 80 ]
	start nsenter --target "$A" --pid --uts --mount ml-runner -q -m 1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for has_delivered 1
	run -0 timeout 10 nsenter --target "$B" --pid --uts --mount ml-runner -q -m 1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	in_ "$B" ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for has_delivered 80
	[ -z "$(twice)" ]
}

@test "in a container with the /proc of another nobody's start time is known, and nobody dead for it" {
	containers
	container C
	A=$C
	runner_in_a
	run ! head_of "$SPOOL/run/$RUN" start
	number=$(head_of "$SPOOL/run/$RUN" pid)
	# as if the host's process of that number had been another when it was written
	sed -i "s/^pid .*/&\nstart 1/" "$SPOOL/run/$RUN"
	run -0 --separate-stderr in_ "$C" ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$RUN" ]
	kill -s KILL "$INNER"
	wait_for eval "! kill -0 $INNER"
	run -0 --separate-stderr in_ "$C" ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$RUN"* ]]
}

@test "a runner stopped for longer than its lease, and continued while another is at its envelope, sends none of it" {
	sink
	rule 'data * times 1 stall 1'
	post one@example.com
	start_runner
	away=$PID away_log=$PID_ERR
	wait_for eval '[ "$(event stall)" -eq 1 ]'
	old=$(ls "$SPOOL/run")
	kill -s STOP "$away"
	end=$((SECONDS + 63))
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	later 600
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$old"* ]]
	rule 'text * stall 3'
	start_runner
	other=$PID
	wait_for has_claims 1
	taken=$(ls "$SPOOL/cur")
	wait_for -t 70 eval '[ "$SECONDS" -ge '"$end"' ]'
	kill -s CONT "$away"
	wait_for grep -q ^lost "$away_log"
	grep -q ^renamed "$away_log"
	# it is still the other's
	[ "$(ls "$SPOOL/cur")" = "$taken" ] || [ -n "$(rcpts 'done')" ]
	rm "$RULES"
	wait_for -t 30 eval '[ "$(rcpts done)" = "D250 one@example.com" ]'
	post two@example.com
	wait_for has_delivered 2
	stop "$away"
	[ "$status" -eq 0 ]
	stop "$other"
	[ "$status" -eq 0 ]
	[ -z "$(twice)" ]
}

# Runners and ml-requeue with a clock of their own, which `offset` steps; file times and intervals stay true.
clocked()
{
	need faketime
	local preload
	preload=$(faketime -f +0s printenv LD_PRELOAD) || skip "faketime does not work here"
	CLOCKED=(env LD_PRELOAD="$preload" FAKETIME_TIMESTAMP_FILE="$PWD/offset" FAKETIME_NO_CACHE=1
		FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1)
	echo +0s >offset
	sink
	explode 300 -n 5
	start "${CLOCKED[@]}" ml-runner -r 60 -j 2 "$SPOOL" smtp 127.0.0.1 "$PORT"
	RUNNERS=$PID RUNNER_LOG=$PID_ERR
	start "${CLOCKED[@]}" ml-requeue -i 1 -k 36500 "$SPOOL"
	REQUEUE=$PID REQUEUE_LOG=$PID_ERR
}

# step OFFSET…: the clock goes there, a post is made by it, and some of the broadcast is delivered
step()
{
	local to had
	for to; do
		echo "$to" >offset.new
		mv offset.new offset
		had=$(delivered)
		"${CLOCKED[@]}" ml-enqueue -f news@example.org "$SPOOL" "at$to@example.com" < <(letter) >>names
		wait_for -t 30 has_delivered $((had + 30))
	done
}

# all_once N: in the end N recipients have it, once each, and nobody was ever taken for dead
all_once()
{
	wait_for -t 60 eval 'ml-requeue -k 36500 -a "$SPOOL" 2>/dev/null; has_delivered '"$1"
	stop "$REQUEUE"
	[ "$status" -eq 0 ]
	stop "$RUNNERS"
	[ "$status" -eq 0 ]
	[ -z "$(twice)" ]
	[ "$(delivered)" -eq "$1" ]
	[ -z "$(envelopes new cur defer fail hold)" ]
	run ! grep -E '^(dead|held|lost|renamed|failed)' "$RUNNER_LOG" "$REQUEUE_LOG"
}

@test "a clock that steps by hours, ahead and back, loses nothing and fails nobody, though some are deferred" {
	clocked
	rule 'rcpt user*7@* times 20 451 4.2.1 later'
	step +1h -2h +11h -11h +10m +0s
	all_once 306
}

@test "a clock that steps by days and years, ahead and back, sends nothing twice, and nobody is dead" {
	clocked
	step +3d -40d +10y -20y +0s
	all_once 305
}

@test "ten thousand claims of a host that is gone go back in a minute and a half, and bounded memory" {
	one=1700000000000000.gone.1.00000000
	printf 'host gone\npid 1\nboot b\npidns 1\nrole runner\nstate busy\n' >"$SPOOL/run/$one"
	# half of them one runner's, and half of them 5,000 runners' without a file
	awk -v dir="$SPOOL/cur" -v one="$one" 'BEGIN {
		for (i = 1; i <= 10000; i++) {
			runner = i % 2 ? one : sprintf("17%014d.gone.%d.00000000", i, i)
			file = sprintf("%s/17%014d.u%d:%s", dir, i, i, runner)
			printf "ml1\nborn 1700000000\nfrom a@b.c\nrcpts 1\n\nT000 user%d@example.com\n", i >file
			close(file)
		}
	}'
	run -0 --separate-stderr sh -c 'ulimit -v 100000; exec timeout 90 ml-requeue "$1"' - "$SPOOL"
	[ "$stderr" = '' ]
	has_claims 10000
	later 600
	run -0 --separate-stderr sh -c 'ulimit -v 100000; exec timeout 90 ml-requeue "$1"' - "$SPOOL"
	[ "$(tail -n 1 <<<"$stderr")" = 'requeued due=0 returned=10000 held=0 swept=0 purged=0 repaired=0 published=0' ]
	nothing_claimed
	[ "$(find "$SPOOL/new" -type f | wc -l)" -eq 10000 ]
	[ -z "$(ls "$SPOOL/run")" ]
}

@test "a runner that was revoked, and can have no new name, sends nothing, in the first minute after a boot too" {
	local boot
	need unshare
	boot=$(cut -d . -f 1 /proc/uptime)
	unshare -T --boottime "-$((boot - 5))" true 2>unshare.err || skip "$(cat unshare.err)"
	post
	sink
	rule 'connect * stall 2'
	start timeout 20 unshare -T --boottime "-$(($(cut -d . -f 1 /proc/uptime) - 5))" \
		ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	wait_for eval '[ "$(event stall)" -eq 1 ]'
	rm -r "$SPOOL/run"              # where a name can be neither beaten nor made
	status=0
	wait "$PID" || status=$?
	[ "$status" -eq 75 ]
	grep -q '^ml-runner: run/.*: No such file or directory$' "$PID_ERR"
	[ "$(delivered)" -eq 0 ]
	[ "$(tree)" = 'mess/a
new/a' ]
	[ "$(rcpts)" = 'T000 ann@example.com' ]
}

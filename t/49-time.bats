#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Identity and time, as far as files can forge them: reboots, reused numbers, wrong clocks, restored spools.
# What needs namespaces, a clock that steps, or a minute is in long/96-time.bats; single rules of the lease
# are in 40-requeue.bats, absences in 34-signals.bats and long/34-away.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# A runner that has a claim and is killed: its name in DEAD, the envelope's in NAME.
killed_with_a_claim()
{
	post
	start ml-runner -q "$SPOOL" pipe sleep 60
	wait_for eval '[ -n "$(ls "$SPOOL/cur")" ]'
	stop "$PID" KILL
	DEAD=$(ls "$SPOOL/cur")
	DEAD=${DEAD#*:}
	[ -f "$SPOOL/run/$DEAD" ]
}

# later SECONDS: whatever was seen in run/ was seen so much longer ago
later()
{
	local notes
	notes=$(echo "$SPOOL"/run/.seen.*)
	awk -v d="$1" '$1 == "seen" { $2 -= d } { print }' "$notes" >notes
	cat notes >"$notes"
}

# One line of a run file is other than it was.
forge()
{
	sed -i "s/^$1 .*/$1 $2/" "$SPOOL/run/$DEAD"
	grep -q "^$1 $2$" "$SPOOL/run/$DEAD"
}

@test "after a reboot the claims of before are returned once their heartbeats stood still for the lease" {
	killed_with_a_claim
	forge boot 11111111-2222-3333-4444-555555555555
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$DEAD" ]
	later 300
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	later 300
	run -0 --separate-stderr ml-requeue "$SPOOL"
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
	[ -f "$SPOOL/new/$NAME" ]
	[ ! -e "$SPOOL/run/$DEAD" ]
}

@test "a process that got the number of a dead runner keeps none of its claims" {
	killed_with_a_claim
	start sleep 60
	forge pid "$PID"
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$DEAD"* ]]
	[ -f "$SPOOL/new/$NAME" ]
	# after a reboot nobody can tell, and the lease does
	killed_with_a_claim
	forge pid "$PID"
	forge boot 11111111-2222-3333-4444-555555555555
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	later 600
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$DEAD"* ]]
	nothing_claimed
}

@test "a claim of another container is not its neighbour's to return, whoever has that number here" {
	killed_with_a_claim
	start sleep 60
	for pid in "$PID" 1 999999999; do
		forge pid "$pid"
		forge pidns 4026999999
		run -0 --separate-stderr ml-requeue "$SPOOL"
		[ "$stderr" = '' ]
		[ -f "$SPOOL/cur/$NAME:$DEAD" ]
	done
}

@test "what was made by a clock a year ahead is sent, deferred, and sent again as if it had been made now" {
	ahead=$(($(date +%s) + 31536000))
	post later@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/new/${ahead}000000.$UNIQUE"
	sed -i "s/^born .*/born $ahead/" "$SPOOL"/new/*
	sink
	rule 'rcpt * times 1 450 4.2.1 later'
	run -0 --separate-stderr runner -1
	[ "$(rcpts defer)" = 'T450 later@example.com' ]
	due=$(basename "$SPOOL"/defer/*)
	due=${due%%.*}
	[ "$due" -gt $(($(now) + 300000000)) ]
	[ "$due" -lt $(($(now) + 500000000)) ]
	ml-status "$SPOOL" >/dev/null
	run -0 --separate-stderr ml-requeue -a "$SPOOL"
	run -0 --separate-stderr runner -1
	[ "$(accepted)" = later@example.com ]
}

@test "what was made by a clock ten years behind goes first, and is tried twice before it expires" {
	post now@example.com
	post old@example.com
	old=$(($(date +%s) - 315360000))
	mv "$SPOOL/new/$NAME" "$SPOOL/new/${old}000000.$UNIQUE"
	sed -i "s/^born .*/born $old/" "$SPOOL/new/${old}000000.$UNIQUE"
	sink
	rule 'rcpt old@* 450 4.2.1 later'
	run -0 runner -1
	[ "$(commands RCPT | head -n 1)" = 'RCPT TO:<old@example.com>' ]
	[ "$(rcpts defer)" = 'T450 old@example.com' ]
	run -0 ml-requeue -a "$SPOOL"
	run -0 runner -1
	[ "$(rcpts fail)" = 'F450 old@example.com' ]
	[ "$(accepted)" = now@example.com ]
}

@test "a connection that was lost over an envelope past its lifetime is no deferral: the first one still waits" {
	post old@example.com
	sed -i "s/^born .*/born $(($(date +%s) - 6 * 86400))/" "$SPOOL/new/$NAME"
	sink
	rule 'mail * times 1 crash 4' 'rcpt * 451 4.7.1 later'
	run -75 runner -1
	[ "$(state)" = 'new
T421 old@example.com
! 0 lost 421 connection closed by the server' ]
	wait_for eval 'runner -1'
	[ "$(state)" = 'defer
T451 old@example.com
! 0 lost 421 connection closed by the server
! 1 451 4.7.1 later' ]
	run -0 ml-requeue -a "$SPOOL"
	run -0 --separate-stderr runner -1
	[ "$(rcpts fail)" = 'F451 old@example.com' ]
	[[ $(grep ^failed <<<"$stderr") = *' to=old@example.com code=451 text="451 4.4.7 expired: '* ]]
}

@test "ORDERs from a clock that steps neither lose an envelope nor make it wait for more than a day" {
	for step in -315360000 -86400 -60 60 86000 90000 2600000 315360000; do
		post "step$step@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/new/$(($(date +%s) + step))000000.$UNIQUE"
		post "wait$step@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/$(($(date +%s) + step))000000.$UNIQUE"
	done
	run -0 --separate-stderr ml-requeue "$SPOOL"
	assert_stderr 'requeued due=6 returned=0 held=0 swept=0 purged=0 repaired=2 published=0'
	# what is a minute, or just less than a day ahead may have been meant so
	[ "$(rcpts defer | sort | tr '\n' ' ')" = 'T000 wait60@example.com T000 wait86000@example.com ' ]
	sink
	run -0 runner -1q
	[ "$(delivered)" -eq 14 ]
	[ -z "$(twice)" ]
}

@test "mtimes of wrong clocks sweep nothing early, and a heartbeat that changed backwards has changed" {
	echo x >"$SPOOL/tmp/.text.future"
	touch -d '2 days' "$SPOOL/tmp/.text.future"
	echo x >"$SPOOL/tmp/.text.past"
	touch -d '35 hours ago' "$SPOOL/tmp/.text.past"
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	[ "$(find "$SPOOL/tmp" -name '.text.*' | wc -l)" -eq 2 ]
	killed_with_a_claim
	forge host elsewhere
	touch -d '2106-02-07' "$SPOOL/run/$DEAD"
	run -0 ml-requeue "$SPOOL"
	later 600
	# the heartbeat has changed, though backwards
	touch -d '1990-01-01' "$SPOOL/run/$DEAD"
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[ "$stderr" = '' ]
	later 600
	run -0 --separate-stderr ml-requeue "$SPOOL"
	[[ $stderr = "dead runner=$DEAD"* ]]
}

# recipe TITLE: the first sh block of spool-layout.md behind the paragraph that begins with **TITLE
recipe()
{
	awk -v t="**$1" '
		index($0, t) == 1 { on = 1 }
		on && /^```$/ { exit }
		on == 2
		on && /^```sh$/ { on = 2 }' "$BATS_TEST_DIRNAME/../spool-layout.md"
}

@test "a spool restored from yesterday's backup, with the log since: each gets it once, and no key goes twice" {
	sink
	letter() { printf 'Message-ID: <a=b@example.org>\nSubject: x\n\nHello.\n'; }
	explode 30 -n 4 -k yesterday
	broadcast=$NAME
	post single@example.com
	start_runner -r 20
	wait_for has_delivered 5
	touch "$SPOOL/paused"
	stop "$PID"
	tar -C "$SPOOL" -cf backup.tar .
	# the day goes on, and then the disk does not
	rm "$SPOOL/paused"
	rule 'rcpt user2* 451 4.2.1 later'
	runner -1 2>log
	rm "$RULES"
	explode 2 -k today
	runner -1 2>>log
	had=$(delivered)
	[ "$had" -lt 33 ]
	rm -r "$SPOOL"
	mkdir "$SPOOL"
	tar -C "$SPOOL" -xf backup.tar
	(cd "$SPOOL" && sh -ec "$(recipe 'Restore from a backup')")
	touch "$SPOOL/sent/today"
	[ -z "$(envelopes new cur defer)" ]
	for H in "$SPOOL"/hold/*; do
		(cd "$SPOOL" && LOG=$BATS_TEST_TMPDIR/log H=hold/${H##*/} sh -ec "$(recipe 'Who got it since')")
	done
	mv "$SPOOL"/hold/* "$SPOOL/new/"
	rm "$SPOOL/paused"
	run -65 ml-explode -f news@example.org -k today -l <(addresses 2) -m <(letter) "$SPOOL"
	run -0 ml-explode -f news@example.org -k yesterday -l <(addresses 30) -m <(letter) "$SPOOL"
	[ "$output" = "$broadcast" ]
	run -0 runner -1q
	[ "$(accepted | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | tr -s ' ')" = ' 29 1
 2 2' ]
	[ "$(twice | tr '\n' ' ')" = 'user1@example.com user2@example.com ' ]     # of both broadcasts
	[ -z "$(envelopes new cur defer hold)" ]
}

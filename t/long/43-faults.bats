#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Failures that want more than a sweep over all calls (43-kills, 44-errors): in a thread, for a while,
# of a call that was carried out all the same, of one sync after another.  Recovery is what anybody does
# anyway: the next round of ml-requeue, the next ml-runner -1.
load ../lib
load ../peer

setup()
{
	need_strace
	mkspool
	sink
	: >"$LOG.seen"
	cd "$BATS_TEST_TMPDIR" || return
	letter faults >letter
}

teardown()
{
	stop_traced
}

# inject WHAT CALL N CMD…: CMD on letter, with CODE its exit code, its output in out and err.
inject()
{
	local what=$1 call=$2 n=$3
	shift 3
	CODE=0
	timeout 20 strace -qq -f -o trace -e trace="$call" -e signal=none \
		-e inject="$call:$what:when=$n" "$@" >out 2>err <letter || CODE=$?
}

complain()
{
	printf '%s\n' "at $POINT: $*"
	cat err
	tree
	cat recovery 2>/dev/null || :
	return 1
}

# The rest of a spool's life, whatever happened to it.
recover()
{
	{
		timeout 20 ml-requeue -a -g 0 "$SPOOL"
		timeout 20 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	} >recovery 2>&1 || complain "no recovery: exit $?"
	# only what was delivered since
	accepted | tail -n +$(($(wc -l <"$LOG.seen") + 1)) >now
	cat now >>"$LOG.seen"
}

# What a crash left goes, and there is nothing else.
nothing_left()
{
	find "$SPOOL/tmp" -mindepth 1 -exec touch -d '3 days ago' {} +
	timeout 20 ml-requeue -k 0 -g 0 "$SPOOL" >recovery 2>&1 || complain "no sweeping: exit $?"
	rm -f "$SPOOL"/sent/* "$SPOOL"/run/.seen.*
	[ -z "$(tree)" ] || complain "something is left"
}

# all_or_none N: of N recipients everybody, or, with CODE not 0, nobody.
all_or_none()
{
	local n once
	n=$(wc -l <now)
	once=$(sort -u now | wc -l)
	[ "$n" -eq "$once" ] || complain "$n deliveries to $once recipients"
	[ "$n" -eq "$1" ] && return
	[ "$n" -eq 0 ] || complain "$n of $1 recipients"
	[ "$CODE" -ne 0 ] || complain "acknowledged, and not delivered"
}

enqueue()
{
	echo ml-enqueue -f news@example.org "$SPOOL" ann@example.com bob@example.com
}

explode()
{
	addresses 6 >list
	echo ml-explode -f news@example.org -V += -n 2 -l list "$@" "$SPOOL"
}

# Four hundred envelopes: all but the first thirty-two are written by two threads.
behind()
{
	addresses 400 >list
	echo ml-explode -f news@example.org -n 1 -l list "$SPOOL"
}

# strace counts the calls of each thread apart; of so many one of the two comes there.
BEHIND='openat 60
openat 66
write 40
write 66
close 60
close 66
linkat 40
linkat 66'

# strace may not see a thread that is not there.
need_behind()
{
	strace -f -o probe -e trace=clone,clone3,syncfs "$@" >/dev/null 2>&1 <letter
	grep -q '^[0-9]* *clone' probe || skip "no thread on this file system"
	recover
	nothing_left
}

@test "ml-explode with many envelopes, killed while two threads write them" {
	local command
	read -ra command < <(behind)
	need_behind "${command[@]}"
	while read -r POINT; do
		# shellcheck disable=SC2086
		inject signal=KILL $POINT "${command[@]}"
		[ "$CODE" -eq 137 ] || complain "exit $CODE, not killed"
		[ -z "$(find "$SPOOL/new" -mindepth 1)" ] || complain "half visible"
		recover
		all_or_none 400
		nothing_left
	done <<<"$BEHIND"
}

@test "ml-explode with many envelopes, refused while two threads write them, says so and leaves nothing" {
	local command error
	read -ra command < <(behind)
	need_behind "${command[@]}"
	while read -r POINT; do
		for error in ENOSPC EIO EMFILE; do
			# shellcheck disable=SC2086
			inject "error=$error" $POINT "${command[@]}"
			case $error in
			EIO) [ "$CODE" -eq 74 ] || complain "$error: exit $CODE" ;;
			*) [ "$CODE" -eq 75 ] || complain "$error: exit $CODE" ;;
			esac
			[ "$(wc -l <err)" -eq 1 ] || complain "$error: not one line"
			grep -qE '^ml-explode: (tmp|mess)/[^ ]+: (Input/output error|No space left on device|Too many open files)$' err ||
				complain "$error: not clear"
			[ -z "$(tree)" ] || complain "$error: something is left"
		done
	done <<<"$BEHIND"
}

@test "ml-explode with many envelopes, told to stop while they are written, leaves nothing" {
	local command
	read -ra command < <(behind)
	need_behind "${command[@]}"
	for POINT in 'openat 60' 'write 66'; do
		# shellcheck disable=SC2086
		inject signal=TERM $POINT "${command[@]}"
		# the end of the list may have been read before
		if [ "$CODE" -eq 0 ]; then
			recover
			all_or_none 400
		else
			[ "$CODE" -eq 75 ] || complain "exit $CODE"
			[ "$(cat err)" = 'ml-explode: list: stopped by a signal, nothing was sent' ] || complain "not clear"
			[ -z "$(tree)" ] || complain "something is left"
		fi
	done
}

@test "ml-explode with many envelopes: both threads' last write and link stand before the sync" {
	local command
	read -ra command < <(behind)
	need_behind "${command[@]}"
	strace -f -qq -y -o trace -e trace=write,linkat,syncfs,renameat "${command[@]}" >out 2>err <letter
	awk '/syncfs/ && /tmp>/ { synced = 1; if (writes != 400 || links != 400) bad = 1 }
		/write\(/ && /tmp\/[0-9]+\.[^ >]*\/[0-9]+\./ { writes++; if (synced) bad = 1 }
		/linkat\(/ { links++; if (synced) bad = 1 }
		/renameat\(/ && !synced { bad = 1 }
		END { exit bad || !synced }' trace
}

# however they share the writing
@test "ml-explode with very many envelopes begins to sync while it stages the rest" {
	local command
	read -ra command < <(behind)
	need_behind "${command[@]}"
	addresses 1500 >list
	strace -f -qq -o trace -e trace=linkat,syncfs "${command[@]}" >out 2>err <letter
	[ -s out ] && [ ! -s err ]
	awk '/syncfs\(/ && links < 1500 { early++ } /linkat\(/ { links++ } END { exit !early || links != 1500 }' trace
}

@test "ml-explode with very many envelopes, whose early sync fails, says so and leaves nothing" {
	local command
	read -ra command < <(behind)
	need_behind "${command[@]}"
	addresses 1500 >list
	POINT='the early syncfs'
	CODE=0
	strace -qq -f -o trace -e trace=syncfs -e signal=none -e inject=syncfs:error=EIO:when=1 \
		"${command[@]}" >out 2>err <letter || CODE=$?
	[ "$CODE" -eq 74 ] || complain "exit $CODE"
	[ "$(sed 's/[0-9]\{16\}[^:]*/N/' err)" = 'ml-explode: tmp/N: Input/output error' ] || complain "not clear"
	# the one at the end, by the process itself, is not made any more
	[ "$(grep -c syncfs trace)" -eq 1 ] || complain "synced once more"
	[ ! -s out ] || complain "acknowledged"
	[ -z "$(tree)" ] || complain "something is left"
}

# Everybody, and not more than one of them twice.
everybody()
{
	[ "$(sort -u now | wc -l)" -eq "$1" ] || complain "$(sort -u now | wc -l) of $1 recipients"
	[ "$(wc -l <now)" -le $(($1 + 1)) ] || complain "$(wc -l <now) deliveries to $1 recipients"
}

all_done()
{
	[ "$(rcpts 'done' | grep -c ^D250)" -eq "$1" ]
}

# The text that is acknowledged while its mark fails is the last one, till the mark can be written;
# the message behind it was on its way already where one write holds both.
@test "a runner whose marks fail sends nothing more, and goes on by itself where it was" {
	local call first
	for call in pwrite64 fdatasync; do
		accepted >"$LOG.seen"
		rm -rf "$SPOOL"
		mkspool
		addresses 6 | ml-explode -f news@example.org -n 1 -m letter "$SPOOL" >/dev/null
		# the first pwrite is the heartbeat's
		first=$([ "$call" = pwrite64 ] && echo 2 || echo 1)
		start strace -qq -o trace -e trace="$call" -e signal=none \
			-e inject="$call:error=ENOSPC:when=$first..$((first + 3))" \
			ml-runner "$SPOOL" smtp 127.0.0.1 "$PORT"
		wait_for grep -q '^ml-runner: cur/.*: No space left on device$' "$PID_ERR"
		POINT=$call
		[ "$(accepted | tail -n +$(($(wc -l <"$LOG.seen") + 1)) | wc -l)" -le 2 ] || complain "went on"
		wait_for -t 15 has_delivered $(($(wc -l <"$LOG.seen") + 6))
		grep -x recovered "$PID_ERR"
		[ "$(grep -c '^ml-runner: cur/' "$PID_ERR")" -eq 1 ] || complain "said more than once"
		wait_for all_done 6
		accepted | tail -n +$(($(wc -l <"$LOG.seen") + 1)) >now
		[ -z "$(sort now | uniq -d)" ] || complain "somebody twice"
		kill "$(pgrep -x -P "$PID" ml-runner)"
		wait "$PID"
	done
}

@test "with -1 a runner whose marks fail exits 75, and what was accepted before is not sent again" {
	local call first
	for call in pwrite64 fdatasync; do
		rm -rf "$SPOOL"
		mkspool
		accepted >"$LOG.seen"
		addresses 6 | ml-explode -f news@example.org -n 1 -m letter "$SPOOL" >/dev/null
		first=$([ "$call" = pwrite64 ] && echo 4 || echo 3)
		POINT=$call
		inject error=EIO "$call" "$first+" ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
		[ "$CODE" -eq 75 ] || complain "exit $CODE"
		grep -q '^ml-runner: cur/.*: Input/output error$' err
		recover
		everybody 6
		nothing_left
	done
}

# piped: one recipient whose mark is due to be synced while the command for the next one, which does not
# read before `go` is there, has its text only in part
piped()
{
	rm -rf "$SPOOL" began go part copies
	mkspool
	{ cat letter; yes 'a line of some length' | head -n 40000; } |
		ml-enqueue -f news@example.org "$SPOOL" ann@example.com bob@example.com >name
	cat >taker <<-'END'
		#!/bin/sh
		[ "$RECIPIENT" = bob@example.com ] || { cat >>copies; exit; }
		touch began
		until [ -e go ]; do kill -0 $PPID || exit; sleep 0.05; done
		cat >part && cat part >>copies
	END
	chmod +x taker
}

@test "while a mark can't be synced nothing goes into a command either, and then the rest does" {
	piped
	start strace -qq -o trace -e trace=fdatasync,write,poll -e signal=none \
		-e inject=fdatasync:error=EIO:when=1..3 ml-runner "$SPOOL" pipe ./taker
	wait_for test -e began
	wait_for grep -q '^ml-runner: cur/.*: Input/output error$' "$PID_ERR"
	touch go
	wait_for all_done 2
	[ "$(grep -c '^Subject' copies)" -eq 2 ]
	[ "$(wc -l <copies)" -eq $((2 * ($(wc -l <letter) + 40000))) ]
	grep -x recovered "$PID_ERR"
	kill "$(pgrep -x -P "$PID" ml-runner)"
	wait "$PID"
	# between the first failure and the first success: no text, and a look five times a second
	awk '/^fdatasync/ { failing = $NF != 0 && /INJECTED/; seen += failing }
		failing && /^write\(.*a line of some length/ { bad++ }
		failing && /^poll/ { polls++ }
		END { exit bad || seen != 3 || polls < 3 || polls > 60 }' trace
}

@test "with -1 a command is killed over a text that goes no further, since a mark can't be synced" {
	piped
	POINT='fdatasync, all'
	inject error=EIO fdatasync 1+ timeout 10 ml-runner -1 "$SPOOL" pipe ./taker
	[ "$CODE" -eq 75 ] || complain "exit $CODE"
	grep -q '^ml-runner: cur/.*: Input/output error$' err
	[ ! -e part ]
	[ "$(grep -c '^Subject' copies)" -eq 1 ]
}

@test "a mark that fails once is written anew before the envelope is judged by what is in it" {
	post
	POINT="the first mark"
	inject error=EIO pwrite64 2 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	grep -q '"D250".*INJECTED' trace || complain "another call"
	[ "$CODE" -eq 0 ] || complain "exit $CODE"
	run ! grep -q ^requeued err
	[ "$(rcpts 'done')" = 'D250 ann@example.com' ]
	[ "$(tree)" = done/a ]
}

@test "with -1 an error of one call while an envelope is finished is told by 75, and the next run finishes it" {
	local call n
	for call in pread64 renameat; do
		for ((n = 1; ; n++)); do
			rm -rf "$SPOOL"
			mkspool
			post
			POINT="$call $n"
			inject error=EIO "$call" "$n" ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
			grep -q INJECTED trace || break
			# what is deferred has its time, and is not waited for
			[ "$CODE" -ne 0 ] || [ -z "$(envelopes new cur)" ] || complain "exit 0, and something is left"
			recover
			[ "$(rcpts 'done')" = 'D250 ann@example.com' ] || complain "not finished"
		done
		[ "$n" -gt 2 ]
	done
}

# strace can't make a link and then deny it: the record is put there while the call stands still.
@test "a link into sent/ that was made, and reported as failed, is a success" {
	local command
	read -ra command < <(explode -k K)
	# shellcheck disable=SC2016
	start sh -c 'exec "$@" <letter' sh strace -qq -o trace -e trace=linkat -e signal=none \
		-e inject=linkat:error=EIO:delay_enter=2000000:when=4 "${command[@]}"
	wait_for recorded
	ln "$SPOOL"/tmp/.key.* "$SPOOL/sent/K"
	CODE=0
	wait "$PID" || CODE=$?
	[ "$CODE" -eq 0 ]
	NAME=$(cat "$PID_OUT")
	[ -d "$SPOOL/new/$NAME" ]
	[ "$(rcpts new | wc -l)" -eq 6 ]
}

recorded()
{
	[ -n "$(find "$SPOOL/tmp" -name '.key.*' -size +0)" ]
}

@test "producers with too few descriptors, however many, say so and leave nothing" {
	local n command
	for command in "$(enqueue)" "$(explode)" "$(explode -k K)"; do
		read -ra command <<<"$command"
		for ((n = 12; n < 30; n++)); do
			CODE=0
			sh -c 'exec <letter >out 2>err 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n "$1"; shift; exec timeout 20 "$@"' \
				sh "$n" "${command[@]}" || CODE=$?
			POINT="$n descriptors"
			[ "$CODE" -ne 0 ] || break
			[ "$CODE" -lt 124 ] || complain "exit $CODE"
			[ -z "$(tree)" ] || complain "something is left"
		done
		[ "$n" -gt 14 ] || complain "always enough"
		[ "$CODE" -eq 0 ] || complain "never enough"
		recover
		nothing_left
	done
}

@test "a message link that can't be taken back keeps the envelope that the sweeper knows it by" {
	local command
	read -ra command < <(explode)
	POINT=unlinkat
	# the sync fails, and so does whatever is to be removed
	CODE=0
	strace -qq -o trace -e trace=syncfs,fsync,unlinkat -e signal=none -e inject=syncfs,fsync:error=EIO \
		-e inject=unlinkat:error=EIO "${command[@]}" <letter >out 2>err || CODE=$?
	[ "$CODE" -eq 74 ]
	[ "$(find "$SPOOL/mess" -type f | wc -l)" -eq 3 ]
	nothing_left
}

@test "a spool whose own name could not be synced is not acknowledged, whatever the reason" {
	local error n
	strace -qq -o trace -e trace=openat -e signal=none ml-mkspool new
	n=$(grep -n '"\.\."' trace | cut -d : -f 1)
	for error in EMFILE ENFILE ENOMEM EIO; do
		rm -rf new
		POINT=$error
		inject "error=$error" openat "$n" ml-mkspool new
		grep -q '"\.\.".*INJECTED' trace || complain "the wrong call"
		[ "$CODE" -ne 0 ] || complain "acknowledged"
		grep -q '^ml-mkspool: new: ' err || complain "not clear"
		ml-mkspool new
	done
}

# A kernel that failed to write a page may forget it: what the next sync says is then nothing worth.
# TRACE, with paths: a file that is synced again after a failed sync must have got every octet anew
# that was written since its last good one.
no_blind_sync()
{
	awk '
	function path(line) { match(line, /<[^>]*>/); return substr(line, RSTART, RLENGTH) }
	{ sub(/^[0-9]+ +/, ""); p = path($0); result = $0; sub(/.*\) += /, "", result); result += 0 }
	/^openat/ { p = $0; sub(/.*</, "<", p); sub(/>.*/, ">", p); next }
	/^(write|pwrite64)\(/ && result > 0 {
		at = end[p]
		if (/^pwrite64/) {
			at = $0
			sub(/\) += .*/, "", at)
			sub(/.*, /, "", at)
		}
		for (i = at + 0; i < at + result; i++) {
			fresh[p, i] = 1
			delete bad[p, i]
		}
		if (at + result > end[p])
			end[p] = at + result
	}
	/^(fsync|fdatasync)\(/ {
		for (i = 0; i < end[p]; i++)
			if ((p, i) in bad) {
				print "synced blindly: " p " at " i
				exit 1
			}
		for (i = 0; i < end[p]; i++)
			if ((p, i) in fresh) {
				if (result < 0)
					bad[p, i] = 1
				else
					delete fresh[p, i]
			}
		syncs++
	}
	/^syncfs\(/ {
		for (i in bad) {
			print "synced blindly: " i
			exit 1
		}
		for (i in fresh)
			if (result < 0)
				bad[i] = 1
		if (result == 0)
			split("", fresh)
		syncs++
	}
	END { if (syncs == 0) { print "no sync"; exit 1 } }' "$1" || complain "$(cat "$1")"
}

# A broadcast that its maker recorded, and did not live to publish.
recorded_and_killed()
{
	addresses 6 >list
	inject signal=KILL renameat 1 ml-explode -f news@example.org -n 2 -k K -l list "$SPOOL"
	[ "$CODE" -eq 137 ] && [ -e "$SPOOL/sent/K" ] || complain "not killed behind its record"
}

@test "a sync that failed is no success, and is not made again before all is written anew" {
	local call n line
	local -a command
	for line in "$(enqueue)" "$(explode)" "$(explode -k K)" "ml-runner -1 $SPOOL smtp 127.0.0.1 $PORT" \
		"ml-mkspool $SPOOL" "ml-requeue $SPOOL"; do
		read -ra command <<<"$line"
		for call in fsync fdatasync syncfs; do
			for ((n = 1; ; n++)); do
				POINT="${command[0]}, $call $n"
				case ${command[0]} in
				ml-runner) post ann@example.com bob@example.com ;;
				ml-mkspool) rm -rf "$SPOOL" ;;
				ml-requeue) recorded_and_killed ;;
				esac
				CODE=0
				strace -f -y -qq -s 0 -o trace -e signal=none -e inject="$call:error=EIO:when=$n" \
					-e trace=openat,write,pwrite64,fsync,fdatasync,syncfs "${command[@]}" \
					<letter >out 2>err || CODE=$?
				grep -q "$call(.*INJECTED" trace || break
				no_blind_sync trace
				[ "${command[0]}" = ml-runner ] || [ "$CODE" -eq 74 ] || complain "exit $CODE"
				[ "${command[0]}" != ml-mkspool ] || mkspool
				recover
				nothing_left
			done
			recover
			nothing_left
		done
	done
}

@test "a signal that comes while ml-runner starts ends nothing" {
	local signal
	for signal in ALRM HUP; do
		ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter >name
		timeout 20 strace -qq -o trace -P "$SPOOL" -e trace=openat -e inject="openat:signal=$signal:when=1" \
			ml-runner -1 -j 2 "$SPOOL" smtp 127.0.0.1 "$PORT" 2>err || complain "$signal: exit $?"
		grep -q "^--- SIG$signal" trace
		[ "$(tree | grep -vc '^done/')" -eq 0 ] || complain "not delivered"
	done
}

# The first three sends are EHLO, a group, and the beginning of the text; the fourth stands still.
@test "what a server says before it resets the connection in the middle of a text counts, though a write fails first" {
	local says
	for says in '530 5.7.0 must authenticate' '421 4.3.2 going down'; do
		rm -rf "$SPOOL"
		mkspool
		{ cat letter; yes 'and so on, and so on, and so on' | head -n 200000; } |
			ml-enqueue -f news@example.org "$SPOOL" {ann,bob,eve}@example.com >name
		{ upto text; printf '%s\n' 'expect From:' 'delay 300' "say $says" reset accept 'say 450 4.7.0 no' 'expect QUIT'; } |
			dialogue
		POINT=$says
		inject delay_enter=1000000 sendto 4 ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
		[ "$CODE" -eq 75 ]
		grep -q 'sendto.* = -1 E.* (DELAYED)' trace || complain "no write failed"
		output=$(state | sed 's/@example\.com//')
		case $says in
		530*)
			left new 'T000 ann' 'T000 bob' 'T000 eve' || complain
			grep -q "^down .*error=\"$says\"" err
			;;
		421*) left new 'T421 ann' 'T421 bob' 'T421 eve' "! 0 lost $says" || complain ;;
		esac
	done
}

@test "ml-requeue -i that may not wait is told to stop all the same" {
	start strace -qq -o trace -e trace=pselect6 -e signal=none -e inject=pselect6:error=ENOMEM ml-requeue -i 3600 "$SPOOL"
	wait_for state_is idle
	kill "$(pgrep -x -P "$PID" ml-requeue)"
	wait "$PID"
	[ -z "$(find "$SPOOL/run" -name '[0-9]*')" ]
	# and does not go round and round meanwhile
	[ "$(grep -c INJECTED trace)" -lt 100 ]
}

# nth CALL PATTERN CMD…: which of its CALLs is the first that strace shows like that.
nth()
{
	local call=$1 pattern=$2
	shift 2
	strace -qq -y -o probe -e trace="$call" -e signal=none "$@" >/dev/null 2>&1 <letter
	grep -n -- "$pattern" probe | head -n 1 | cut -d : -f 1
}

# The descriptor's flags are not set back: a mark would be appended, too.
@test "after a note that went wrong a mark is written in its place" {
	local n
	rule 'rcpt bad@* 550 5.1.1 no such user'
	post bad@example.com ann@example.com
	n=$(nth fcntl 'cur/.*F_SETFL, .*APPEND' ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT")
	n=$(sed -n "$n,\$ { /F_SETFL/= }" probe | sed -n 2p)
	rm -rf "$SPOOL"
	mkspool
	post bad@example.com ann@example.com
	POINT="fcntl $n"
	inject error=EIO fcntl "$n" ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	grep -q 'F_SETFL.*INJECTED' trace
	recover
	[ "$(rcpts fail)" = $'F550 bad@example.com\nD250 ann@example.com' ] || complain "not marked"
	! grep -qE '^[TDF][0-9]{3}$' "$SPOOL"/fail/* || complain "a mark behind the notes"
	[ "$(accepted | grep -c ann)" -eq 2 ]
}

@test "a recipient who can't be looked at is marked as failed all the same, once that can be done" {
	local n
	rule 'rcpt bad@* 550 5.1.1 no such user'
	post bad@example.com
	n=$(nth pread64 'cur/.*, "T", 1,' ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT")
	rm -rf "$SPOOL"
	mkspool
	post bad@example.com
	POINT="pread64 $n"
	inject error=EIO pread64 "$n" ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	grep -q INJECTED trace
	[ "$(rcpts fail)" = 'F550 bad@example.com' ] || complain "not marked"
}

# A command that takes what there is, and says so.
taker()
{
	cat >taker <<-'END'
		cat >taken
		[ -s taken ] || echo "# nothing" >>nothing
	END
}

@test "a write to a command that fails is not the end of its text" {
	taker
	post ann@example.com
	POINT='write'
	inject error=ENOMEM write 1 ml-runner -1q "$SPOOL" pipe sh taker
	grep -q INJECTED trace
	[ ! -e nothing ] || complain "the command took half a text for a whole one"
	[ "$(rcpts defer)" = 'T451 ann@example.com' ] || complain
}

@test "a command that would inherit the other end of its stdin is not run" {
	local n
	taker
	post ann@example.com
	nth fcntl 'pipe:.*F_SETFD' ml-runner -1q "$SPOOL" pipe sh taker
	# both ends of one pipe, of which the second is ours
	n=$(awk '/pipe:.*F_SETFD/ { if (was == NR - 1) { print NR; exit } was = NR }' probe)
	rm -rf "$SPOOL"
	mkspool
	post ann@example.com
	POINT="fcntl $n"
	inject error=EIO fcntl "$n" ml-runner -1q -t 15 "$SPOOL" pipe sh taker
	grep -q INJECTED trace
	grep -q '^! 1 451 4.3.0 exit 71: Input/output error$' "$(envelopes defer)" || complain "it was run"
}

@test "with -1 a text that can't be read makes the envelope wait, and ends with 75" {
	local n
	post ann@example.com
	n=$(nth openat 'mess>, "' ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT")
	rm -rf "$SPOOL"
	mkspool
	post ann@example.com
	POINT="openat $n"
	inject error=EIO openat "$n" ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$CODE" -eq 75 ] || complain "exit $CODE"
	grep -q "^ml-runner: mess/.*: Input/output error$" err || complain "not clear"
	[ "$(rcpts defer)" = 'T451 ann@example.com' ] || complain
}

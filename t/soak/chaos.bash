# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What happens to those who work: signals, a disk that fills up, clocks that step, an operator.

# is_ours PID: it works on this spool.  A process id may have become another's.
is_ours()
{
	grep -qaF "$SPOOL" "/proc/$1/cmdline" 2>/dev/null
}

# send SIGNAL ACTOR [child]: to what it runs now, or perhaps to one of that one's children; the
# process id in HIT.
send()
{
	local pid children
	HIT=
	read -r pid 2>/dev/null <"$DIR/pid/$2" || return
	if [ $# -gt 2 ] && [ "$((RANDOM % 2))" -eq 0 ] && read -ra children 2>/dev/null <"/proc/$pid/task/$pid/children" &&
		[ "${#children[@]}" -gt 0 ]; then
		pid=${children[RANDOM % ${#children[@]}]}
	fi
	is_ours "$pid" || return
	kill -s "$1" "$pid" 2>/dev/null && HIT=$pid
}

# terminate ACTOR [once]: a second one would make a runner drop what it has in flight.
terminate()
{
	local pid
	read -r pid 2>/dev/null <"$DIR/pid/$1" || return
	if ! grep -qx "$pid" "$DIR/count/told"; then
		send TERM "$1" && count told "$HIT"
	elif [ $# -lt 2 ]; then
		send TERM "$1" && count again "$1"
	fi
}

# Processes stand still for some tenths of a second, in a child that wakes them again.
stand_still()
{
	local pid
	send STOP "$1" child || return
	pid=$HIT
	echo "$pid" >"$DIR/pid/stopped.$pid"
	count stops "$1"
	between 100 4000
	{
		nap "$R"
		! is_ours "$pid" || kill -s CONT "$pid" 2>/dev/null
		rm -f "$DIR/pid/stopped.$pid"
	} &
}

continue_all()
{
	local f pid
	for f in "$DIR"/pid/*; do
		read -r pid 2>/dev/null <"$f" || continue
		! is_ours "$pid" || kill -s CONT "$pid" 2>/dev/null
	done
}

chaos()
{
	local actors=({runner.{1,2,3,4,5,6,7,8},requeue.{1,2},producer.{1,2,3,4}}) actor
	seed 2
	while going; do
		between 30 600
		nap "$R"
		actor=${actors[RANDOM % ${#actors[@]}]}
		between 1 10
		case $R in
		1 | 2 | 3 | 4 | 5) send KILL "$actor" child && count kills "$actor" ;;
		6 | 7) stand_still "$actor" ;;
		8) case $actor in runner.* | requeue.*) terminate "$actor" && count terms "$actor" ;; esac ;;
		9) case $actor in runner.* | requeue.*) send HUP "$actor" ;; esac ;;
		10)
			# nobody waits for minutes here because the receiver was away
			for actor in runner.{1,2,3,6,7,8}; do
				send ALRM "$actor"
			done
			;;
		esac
	done
	wait
}

# ---- a full disk ----

filler()
{
	seed 3
	while going; do
		between 5000 20000
		nap "$R"
		going || break
		dd if=/dev/zero of="$DISK/filler" bs=64k 2>/dev/null
		between 0 100
		truncate -s "-$((R * 4))K" "$DISK/filler"
		count fulls
		between 500 4000
		nap "$R"
		rm -f "$DISK/filler"
	done
}

# ---- clocks: the time of day of some processes steps, file times and intervals stay true ----

find_clock()
{
	CLOCK=
	command -v faketime >/dev/null && CLOCK=$(faketime -f +0s printenv LD_PRELOAD 2>/dev/null)
	[ -n "$CLOCK" ] || say "no clocks that step: faketime is not installed"
	echo +0s >"$DIR/offset"
}

with_clock()
{
	[ -n "$CLOCK" ] && [ -n "$LOOSE" ] || exec "$@"
	exec env LD_PRELOAD="$CLOCK" FAKETIME_TIMESTAMP_FILE="$DIR/offset" FAKETIME_CACHE_DURATION=1 \
		FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 "$@"
}

clock()
{
	local offsets=(+0s +3h -3h +20m -20m +5s -5s)
	seed 4
	while [ -n "$CLOCK" ] && going; do
		echo "${offsets[RANDOM % 7]}" >"$DIR/offset.new"
		mv "$DIR/offset.new" "$DIR/offset"
		count steps
		between 2000 9000
		nap "$R"
	done
}

# ---- the operator, by the recipes of spool-layout.md ----

pause_pass()
{
	find defer new -type f -name "*.$u.*" -exec mv -t "hold/$b" {} +
	find cur -type f -name "*.$u.*" | grep -q .
}

pause_broadcast()
{
	local b=$1 u=${1#*.} tries=0
	[ -d "hold/$b" ] || mv -T "new/$b" "hold/$b" || mkdir "hold/$b"
	while pause_pass || pause_pass; do
		[ "$((tries++))" -lt 15 ] || break
		nap 300
	done
}

resume_broadcast()
{
	until mv -T "hold/$1" "new/$1"; do
		[ -d "hold/$1" ] || break
		nap 300
	done
}

a_broadcast()
{
	local looks
	for ((looks = 0; looks < 20; looks++)); do
		find new -mindepth 1 -maxdepth 1 -type d -name '[0-9]*' | sort | tail -n $((RANDOM % 5 + 1)) | head -n 1 | grep . &&
			return
		nap 100
	done
}

# operate N: one after another
operate()
{
	local b
	case $(($1 % 5)) in
	0)
		touch paused
		count pauses
		between 500 3000
		nap "$R"
		rm -f paused
		;;
	1 | 3)
		b=$(a_broadcast)
		[ -n "$b" ] || return
		b=${b#new/}
		count holds
		pause_broadcast "$b"
		between 100 2000
		nap "$R"
		resume_broadcast "$b"
		;;
	2) find defer -type f -name '[0-9]*' -exec mv -t new {} + ;;
	4)
		b=$(find new -mindepth 1 -maxdepth 1 -type f -name '[0-9]*' | sort | tail -n 1)
		[ -n "$b" ] && mv "$b" "new/0000000000000001.${b#new/*.}"
		;;
	esac
}

operator()
{
	local turn=$RANDOM
	cd "$SPOOL" || return
	seed 5
	exec 2>>"$DIR/log/operator"
	while going; do
		between 300 3000
		nap "$R"
		operate "$((turn++))"
	done
}

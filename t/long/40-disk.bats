#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A disk that is full, out of inodes, or read-only: a small tmpfs of each test's own.
load ../lib

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "only root may mount a small disk"
	DISK=$BATS_TEST_TMPDIR/disk
	mkdir "$DISK"
	mount -t tmpfs -o size=1m,nr_inodes=400,mode=700 disk "$DISK" 2>/dev/null ||
		skip "no tmpfs may be mounted here"
	mkspool "$DISK/spool"
	letter >"$BATS_TEST_TMPDIR/letter"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown()
{
	cd / || return
	stop_started
	if mountpoint -q "$DISK"; then
		umount "$DISK" || umount -l "$DISK"
	fi
}

# fill [KIB]: all blocks but KIB are used, by a file outside the spool.
fill()
{
	dd if=/dev/zero of="$DISK/ballast" bs=4096 2>/dev/null || :
	truncate -s "-$((${1:-0} / 4 * 4))K" "$DISK/ballast"
}

make_room()
{
	rm -rf "$DISK/ballast" "$DISK"/inode.*
}

# leave_inodes N: of the file system's inodes N are left.
leave_inodes()
{
	local left i=0
	left=$(stat -f -c %d "$DISK")
	while [ "$((left - i))" -gt "$1" ]; do
		i=$((i + 1))
		: >"$DISK/inode.$i"
	done
}

# refuses CMD…: exit 75 and one line, and nothing has changed.
refuses()
{
	local before
	before=$(tree)
	run --separate-stderr "$@"
	[ "$status" -eq 75 ]
	[ -z "$output" ]
	[[ $stderr =~ ^ml-[a-z]+:\ [^$'\n']+:\ No\ space\ left\ on\ device$ ]] || assert_stderr "…: No space left on device"
	[ "$(tree)" = "$before" ]
}

# enqueue FILE
enqueue()
{
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <"$1"
}

# explode_list [N OPTIONS]
explode_list()
{
	ml-explode -f news@example.org -n "${1:-10}" "${@:2}" -l list -m letter "$SPOOL"
}

@test "producers refuse while less than one in a hundred blocks is free" {
	addresses 20 >list
	fill 8
	refuses enqueue letter
	refuses explode_list
	refuses explode_list 10 -k K
	make_room
	fill 16
	run -0 enqueue letter
	[ -n "$output" ]
}

@test "producers refuse while less than one in a hundred inodes is free" {
	addresses 20 >list
	leave_inodes 3
	refuses enqueue letter
	refuses explode_list
	make_room
	run -0 explode_list
	[ -n "$output" ]
}

@test "a message for which there is no room leaves nothing" {
	fill 200
	{ cat letter; yes "a line of a large message" | head -n 20000; } >large
	refuses enqueue large
	[ -z "$(tree)" ]
	make_room
	run -0 enqueue large
	[ -n "$output" ]
}

@test "a broadcast for which there is no room leaves nothing" {
	addresses 4000 >list
	fill 60
	refuses explode_list 50
	refuses explode_list 4000
	refuses explode_list 10 -k K
	[ -z "$(tree)" ]
	make_room
	run -0 explode_list 50 -k K
	[ -n "$output" ]
}

@test "a broadcast for which there are no inodes leaves nothing" {
	addresses 100 >list
	leave_inodes 40
	refuses explode_list 1
	refuses explode_list 1 -k K
	[ -z "$(tree)" ]
	make_room
	run -0 explode_list 2 -k K
	[ -n "$output" ]
}

@test "no spool is made on a full disk, and the half-made one is completed when there is room" {
	leave_inodes 5
	run --separate-stderr ml-mkspool "$DISK/other"
	[ "$status" -eq 75 ]
	[[ $stderr = "ml-mkspool: "*": No space left on device" ]]
	make_room
	run -0 ml-mkspool "$DISK/other"
	SPOOL=$DISK/other
	enqueue letter
}

# An envelope that ends where a block does: the note of a refusal needs another one.
fit_block()
{
	local f=$1 have
	have=$(stat -c %s "$f")
	[ "$have" -lt 4096 ]
	# an unknown key in the head is ignored
	awk -v n="$((4096 - have))" 'NR == 3 { printf "pad "; for (i = 0; i < n - 5; i++) printf "x"; print "" } { print }' \
		"$f" >padded
	cat padded >"$f"
	[ "$(stat -c %s "$f")" -eq 4096 ]
}

# Three envelopes, of which the first has a recipient who is refused for good.
make_work()
{
	post bad@example.com good@example.com
	fit_block "$SPOOL/new/$NAME"
	post ann@example.com
	post bob@example.com
	sink
	rule 'rcpt bad@* 550 5.1.1 no such user'
}

@test "a runner that can't note a refusal sends nothing more, and goes on by itself when it can" {
	local f
	make_work
	touch "$SPOOL/paused"
	start_runner
	wait_for grep -qx 'state paused' -r "$SPOOL/run"
	fill
	rm "$SPOOL/paused"
	wait_for grep -q '^ml-runner: cur/.*: No space left on device$' "$PID_ERR"
	# what is accepted meanwhile is what was on its way
	[ "$(delivered)" -le 1 ]
	kill -0 "$PID"
	make_room
	wait_for has_delivered 3
	wait_for eval '[ -z "$(ls "$SPOOL/new")" ]'
	wait_for finished 2 1
	[ "$(accepted | sort | tr '\n' ' ')" = "ann@example.com bob@example.com good@example.com " ]
	f=$(envelopes fail)
	grep -qx 'F550 bad@example.com' "$f"
	grep -qx 'D250 good@example.com' "$f"
	[ "$(grep -c '^! 1 550 5.1.1 no such user$' "$f")" -eq 1 ]
	stop "$PID"
	[ "$status" -eq 0 ]
}

# finished DONE FAIL
finished()
{
	[ "$(envelopes 'done' | wc -l)" -eq "$1" ] && [ "$(envelopes fail | wc -l)" -eq "$2" ]
}

@test "with -1 a runner that can't note a refusal exits 75, and nobody is marked falsely" {
	make_work
	fill 4          # for run/RUNNER
	run --separate-stderr runner -1
	[ "$status" -eq 75 ]
	[[ $stderr = *"ml-runner: cur/"*": No space left on device"* ]]
	[ "$(rcpts | grep -c '^T000 \(ann\|bob\)@')" -eq 2 ]
	[ "$(delivered)" -le 1 ]
	# the next runner shall not send it again while that can't be marked either
	[ "$(rcpts cur | cut -c 5-)" = ' bad@example.com
 good@example.com' ]
	run -75 ml-requeue "$SPOOL"
	[ "$(rcpts cur | wc -l)" -eq 2 ]
	make_room
	run -0 ml-requeue "$SPOOL"
	runner -1
	finished 2 1
	[ -z "$(twice | grep -v good)" ]        # it may have been on its way
}

@test "a runner that starts on a full disk says so, exits 75 and takes nothing" {
	make_work
	fill
	before=$(tree)
	run --separate-stderr runner -1
	[ "$status" -eq 75 ]
	[[ $stderr = "ml-runner: run/"*": No space left on device" ]]
	[ "$(tree)" = "$before" ]
	[ "$(delivered)" -eq 0 ]
	make_room
	runner -1
	finished 2 1
	[ -z "$(twice)" ]
}

@test "ml-requeue on a full disk says so, does what needs no room, loses nothing and works afterwards" {
	local f
	post late@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	post dead@example.com
	f=$SPOOL/cur/$NAME:1795461876163381.host.1.00000000
	mv "$SPOOL/new/$NAME" "$f"
	fit_block "$f"
	fill
	run --separate-stderr ml-requeue -a -g 0 "$SPOOL"
	[ "$status" -eq 75 ]
	[[ $stderr = "ml-requeue: run/"*": No space left on device"* ]]
	[ "$(rcpts new cur | sort)" = $'T000 dead@example.com\nT000 late@example.com' ]
	make_room
	run -0 ml-requeue -a -g 0 "$SPOOL"
	[ "$(rcpts new | wc -l)" -eq 2 ]
	sink
	runner -1
	[ "$(accepted | sort | tr '\n' ' ')" = "dead@example.com late@example.com " ]
}

@test "ml-requeue that can't note a death leaves the claim to a later round" {
	local f
	post dead@example.com
	f=$SPOOL/cur/$NAME:1795461876163381.host.1.00000000
	mv "$SPOOL/new/$NAME" "$f"
	fit_block "$f"
	# room for its run file and its notes about others
	fill 8
	run --separate-stderr ml-requeue -g 0 "$SPOOL"
	[ "$status" -eq 75 ]
	[[ $stderr = *"No space left on device"* ]]
	[ "$(rcpts new cur)" = 'T000 dead@example.com' ]
	make_room
	run -0 ml-requeue -g 0 "$SPOOL"
	sink
	runner -1
	[ "$(accepted)" = dead@example.com ]
}

@test "on a read-only spool each program says so in one line, and ml-status shows it" {
	local program
	post late@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	post
	sink
	addresses 20 >list
	mount -o remount,ro "$DISK"
	before=$(tree)
	# shellcheck disable=SC2034
	for program in 'enqueue letter' explode_list 'runner -1' runner "ml-requeue $SPOOL"; do
		# shellcheck disable=SC2086
		run --separate-stderr $program
		echo "$program: exit $status: $stderr"
		[ "$status" -eq 77 ]
		[[ $stderr =~ ^ml-[a-z]+:\ [^$'\n']+:\ Read-only\ file\ system$ ]]
	done
	run --separate-stderr ml-mkspool "$DISK/other"
	[ "$status" -eq 77 ]
	[[ $stderr = "ml-mkspool: $DISK/other: Read-only file system" ]]
	run -0 --separate-stderr ml-status "$SPOOL"
	[ -z "$stderr" ]
	[ "$(tree)" = "$before" ]
	mount -o remount,rw "$DISK"
	runner -1
	[ "$(accepted)" = ann@example.com ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The order of service: by name, so that no list starves another.  The full sizes are in long/36-order.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load lib
load fair

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "envelopes are served in the order of their names, wherever they lie" {
	sink
	for i in 3 1 5 2 4; do
		post "user$i@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/new/000000000000000$i.$UNIQUE"
	done
	explode 3 -n 1
	i=1
	for f in "$SPOOL/new/$NAME"/*; do
		n=${f##*/}
		mv "$f" "$SPOOL/new/$NAME/100000000000000$i.${n#*.}"
		i=$((i + 1))
	done
	mv -T "$SPOOL/new/$NAME" "$SPOOL/new/1000000000000001.$UNIQUE"
	post last@example.com
	runner -1q
	run accepted
	assert_lines "$(printf '%s@example.com\n' user{1,2,3,4,5} user{1,2,3} last)"
}

@test "an ORDER in the future makes nobody wait" {
	sink
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/new/9999999999999999.$UNIQUE"
	runner -1q
	[ "$(delivered)" -eq 1 ]
}

@test "a post that arrives while a broadcast drains goes before three more of its envelopes" {
	sink -d 2
	posts_go_first 20000 500
}

@test "a list that begins when another is under way overtakes none and is not starved" {
	sink -d 2
	lists_share 6000 20
}

@test "what was deferred is due behind what was due before it" {
	sink
	post first@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/new/0000000000000009.$UNIQUE"
	post deferred@example.com
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/0000000000000010.$UNIQUE"
	post new@example.com
	ml-requeue "$SPOOL"
	runner -1q
	run accepted
	assert_lines "$(printf '%s@example.com\n' first deferred new)"
}

@test "this one first: a rename by hand, while a broadcast drains" {
	sink -d 2
	rule 'text * after 12 times 1 stall 3'
	explode 3000 -n 10
	b=$NAME
	start_runner -q -n 10
	wait_for has_delivered 100
	# the receiver, and then the runner, wait while that is done
	kill -s STOP "$PID"
	f=$(find "$SPOOL/new/$b" -type f | sort | tail -n 1)
	n=${f##*/}
	mv "$f" "$SPOOL/new/0000000000000001.${n#*.}"
	dd if=/dev/zero of="$SPOOL/trigger" bs=1 count=1 oflag=nonblock conv=nocreat,notrunc 2>/dev/null
	at=$(delivered)
	kill -s CONT "$PID"
	wait_for eval 'accepted | grep -q "^user3000@"'
	place=$(accepted | grep -n '^user3000@' | cut -d : -f 1)
	[ "$place" -lt 1000 ]
	[ $((place - at)) -lt 700 ]
	stop "$PID"
}

# old_broadcasts N: directories of old names, each with one envelope of which its turn is an hour ahead
old_broadcasts()
{
	awk -v n="$1" -v new="$SPOOL/new" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "%s/%016d.old%d\n", new, i, i
	}' | tee dirs | xargs mkdir
	awk -F. -v ahead="$(($(now) + 3600000000))" '{ file = $0 "/" ahead "." $NF ".9"
		printf "ml1\nborn 1\nfrom \n\nT000 old@example.com\n" >file
		close(file) }' dirs
}

@test "behind more than a thousand broadcasts whose turn is later the newest one's comes first" {
	old_broadcasts 1100
	explode 1
	run -0 "$BIN/../t/calls" "$SPOOL" look
	[ "${lines[0]}" = 'look 1000' ]
	[[ ${lines[1]} = "$NAME/"* ]]
	[[ ${lines[2]} = *.old1.9 ]]
}

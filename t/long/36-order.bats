#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Fair order in full size: a broadcast to 200,000, and two to 100,000.
# shellcheck disable=SC2154

load ../lib
load ../fair

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

teardown()
{
	stop_traced
}

@test "a post that arrives while a broadcast to 200,000 drains goes before three more of its envelopes" {
	sink -d 2
	posts_go_first 200000 500
}

@test "of two lists of 100,000 the second has half when the first has 40 to 75 per cent" {
	sink
	lists_share 100000 500
}

# Every second reading takes a tenth of a second longer: that many more envelopes could be claimed
# before the next one, if it were put off for as long as a slow reading asks for.
@test "a look into new/ that was held up makes no post wait for a third envelope of the broadcast" {
	local posted b
	need_strace
	sink -d 2
	explode 200000 -n 500
	b=$NAME
	start strace -qq -ttt -o trace -P "$SPOOL/new/$b" -P "$SPOOL/new" -e trace=getdents64,renameat \
		-e inject=getdents64:delay_enter=100000:when=5+8 ml-runner -q "$SPOOL" smtp 127.0.0.1 "$PORT"
	for i in 1 2 3 4 5; do
		post "post$i@example.net"
		posted=$(now)
		wait_for grep -q "$NAME" trace
		# claims of the broadcast, from then until the post's
		awk -v from="$posted" -v post="$NAME" -v b="$b/" '
			!/renameat/ { next }
			index($0, post) { exit }
			$1 * 1000000 >= from && index($0, b) { n++ }
			END { print "post: " n + 0 " envelopes claimed before it"; exit n > 2 }' trace || return
	done
	[ "$(grep -c 'getdents64.*DELAYED' trace)" -ge 2 ]
	pkill -TERM -P "$PID"
	wait "$PID"
}

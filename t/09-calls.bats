# SPDX-License-Identifier: ISC
# libspool where single system calls fail, or take their time: t/calls is linked against it with such calls.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

calls()
{
	"$BIN/../t/calls" "$@"
}

@test "a heartbeat that fails at the close is none, and the last good one stays what it was" {
	run -0 --separate-stderr calls "$SPOOL" later 40 beat later 40 rule 'close . EIO' beat
	[[ $output = 'beat 0'$'\n''beat 40 run/'*': Input/output error' ]]
}

@test "a heartbeat that hung counts from its beginning" {
	run -0 --separate-stderr calls "$SPOOL" later 40 rule 'ftruncate . 500' beat
	assert_lines 'beat 500'
}

@test "a broadcast with nothing but a dot-file in it stays, and is not synced at every look" {
	mkdir "$SPOOL/new/0000000000000001.dot" "$SPOOL/new/0000000000000002.empty"
	touch "$SPOOL/new/0000000000000001.dot/.nfs0001"
	run -0 --separate-stderr calls "$SPOOL" rule 'fsync 000000' look look
	assert_lines 'fsync 0000000000000002.empty
look 0
look 0'
	[ "$(tree)" = 'new/a/
new/a/.nfs0001' ]
}

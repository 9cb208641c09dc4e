# SPDX-License-Identifier: ISC
# libspool where single system calls fail, or take their time: t/calls is linked against it with such calls.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
	# a sanitizer takes a request for more memory than there can be for an error
	export ASAN_OPTIONS=allocator_may_return_null=1
}

calls()
{
	"$BIN/../t/calls" "$@"
}

@test "a heartbeat that fails at the close is none, and the last good one stays what it was" {
	run -0 --separate-stderr calls "$SPOOL" later 40 beat later 40 rule 'close . EIO' beat
	[[ $output = 'beat 0'$'\n''beat 40 run/'*': EIO' ]]
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

@test "what can't be moved out of defer/ or mended in new/ keeps nothing else from it, and is reported" {
	ahead=$(($(now) + 31 * 86400000000))
	for i in 1 2 3; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/000000000000000$i.$UNIQUE"
	done
	for i in 4 5 6; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/new/$((ahead + i)).$UNIQUE"
	done
	run -0 --separate-stderr calls "$SPOOL" rule 'renameat 0000000000000002. EIO' \
		rule "renameat $((ahead + 5)). EIO" due due
	[[ ${lines[0]} = 'due 4 defer/0000000000000002.'*': EIO' ]]
	[ "$(envelopes defer | sed 's/.*\///; s/\..*//')" = 0000000000000002 ]
	[ "$(envelopes new | sed 's/.*\///; s/\..*//' | grep -c "^$((ahead + 5))$")" -eq 1 ]
	[ "$(envelopes new | wc -l)" -eq 5 ]
}

@test "what has gone out of defer/ before it is looked at is no stranger" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	ln -s nowhere "$SPOOL/defer/0000000000000001.link"
	run -0 --separate-stderr calls "$SPOOL" rule 'readdir . EIO' rule "fstatat $UNIQUE ENOENT" due
	assert_lines 'defer/0000000000000001.link is strange: not an envelope
due 0'
}

@test "a directory that can't be listed keeps no other from its round" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/new/$(($(now) + 31 * 86400000000)).$UNIQUE"
	mkdir "$SPOOL/new/0000000000000001."{a,b,c,d,e,f,g,h}
	run -0 --separate-stderr calls "$SPOOL" rule 'openat 0000000000000001. EIO' due
	[[ $output = 'due 1 new/0000000000000001.'?': EIO' ]]
}

# peer PID RUNNER: the run file of a process of this host
peer()
{
	printf 'host %s\npid %s\nstart 1\nboot %s\npidns %s\nrole runner\n' "$(uname -n | cut -c 1-40)" "$1" \
		"$(cat /proc/sys/kernel/random/boot_id)" "$(readlink /proc/self/ns/pid | tr -dc 0-9)" >"$SPOOL/run/$2"
}

@test "a run file that can't be looked at keeps its own claims, and no others" {
	for r in 1.first 2.unknown 3.third; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$r"
		peer "$(sh -c 'echo $$')" "$r"
	done
	run -0 --separate-stderr calls "$SPOOL" rule 'fstatat 2.unknown EIO' dead
	assert_lines 'dead 2 run/2.unknown: EIO'
	[[ $(envelopes cur) = *:2.unknown ]]
	[ "$(envelopes new | wc -l)" -eq 2 ]
	[ "$(find "$SPOOL/run" -name '[1-3].*')" = "$SPOOL/run/2.unknown" ]
}

@test "a heartbeat that was slow to be looked at is seen unchanged from then on, not from before" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1.elsewhere"
	echo 'host elsewhere' >"$SPOOL/run/1.elsewhere"
	run -0 --separate-stderr calls "$SPOOL" rule 'openat 1.elsewhere 300' dead later 599 dead
	assert_lines 'dead 0
dead 0'
	run -0 --separate-stderr calls "$SPOOL" rule 'openat 1.elsewhere 300' dead later 600 dead
	assert_lines 'dead 0
dead 1'
}

@test "who returns the claims of the dead stops when its own name was revoked" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1.first"
	peer "$(sh -c 'echo $$')" 1.first
	run -0 --separate-stderr calls "$SPOOL" revoke dead
	[[ ${lines[1]} = 'dead 0 run/'*': ENOENT' ]]
	[[ $(envelopes) = "$SPOOL/cur/$NAME:1.first" ]]
	[ -f "$SPOOL/run/1.first" ]
}

@test "a mark for which there is no memory is written, once those before it are synced" {
	post ann@example.com bob@example.com
	run -0 --separate-stderr calls "$SPOOL" rule 'fdatasync .' mark
	[ "$(cut -d : -f 1 <<<"$output")" = "mark 1
fdatasync $NAME
mark 0
fdatasync $NAME
release 0" ]
	[ "$(rcpts new)" = 'D250 ann@example.com
D250 bob@example.com' ]
}

@test "a mark for which there is neither memory nor a sync is written, and reported" {
	post ann@example.com bob@example.com
	run -0 --separate-stderr calls "$SPOOL" rule 'fdatasync . EIO' mark
	[[ ${lines[1]} = "mark 0 cur/$NAME:"*': EIO' ]]
	[ "$(rcpts cur)" = 'D250 ann@example.com
D250 bob@example.com' ]
}

@test "gathered marks stand in the file when they are written, those of neighbours and others, and nothing else changes" {
	printf 'rcpt%d@example.com\tname=N\n' 1 2 3 4 5 6 7 |
		ml-explode -f news@example.org -m <(letter) "$SPOOL" >/dev/null
	cp "$(envelopes)" was
	run -0 --separate-stderr calls "$SPOOL" gather 1,2,3,5,7
	assert_lines 'gather 6
gather 5
gather 4
gather 3
gather 2
before TTTTTTT
write 0
after DDDTDTD
release 0'
	sed -E 's/^T000 (rcpt[12357]@)/D250 \1/' was | cmp - "$(envelopes)"
}

@test "gathered marks of more lines than one write takes are all written" {
	addresses 500 | ml-explode -f news@example.org -m <(letter) "$SPOOL" >/dev/null
	cp "$(envelopes)" was
	run -0 --separate-stderr calls "$SPOOL" gather "$(seq -s , 500)"
	[ "${lines[499]}" = 'gather 0' ]
	sed 's/^T000 /D250 /' was | cmp - "$(envelopes)"
}

@test "who goes on after a head that is too long is refused again, and nothing of it is published" {
	run -0 --separate-stderr calls "$SPOOL" head 4090
	[[ $output = 'recipient 0
next 0 tmp/'*': Message too long
publish 0 tmp/'*': Message too long' ]]
	[ -z "$(tree)" ]
	run -0 --separate-stderr calls "$SPOOL" head 3000
	assert_lines 'recipient 0
next 0
publish 0'
	[ "$(grep -c '^id x\{3000\}$' "$SPOOL"/new/*/*)" -eq 1 ]
}

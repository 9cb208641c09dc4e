#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# In which order things reach the disk: the system calls of each program, with descriptors resolved,
# are held against what the layout says.  Once with syncfs, once built without it.
load ../lib

setup_file()
{
	command -v strace >/dev/null || return 0
	local root=$BATS_TEST_DIRNAME/../..
	if command -v "${CC:-cc}" >/dev/null; then
		make -s -C "$root" B="$BATS_FILE_TMPDIR/portable" CPPFLAGS=-DSPOOL_PORTABLE all \
			>"$BATS_FILE_TMPDIR/make.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/make.log"; return 1; }
	fi
}

setup()
{
	need_strace
	mkspool
	cd "$BATS_TEST_TMPDIR" || return
	letter >letter
	addresses 4 >list
}

portable()
{
	[ -d "$BATS_FILE_TMPDIR/portable/bin" ] || skip "no compiler for the variant without Linux"
	PATH=$BATS_FILE_TMPDIR/portable/bin:$PATH
}

# steps CMD…: runs it on letter and prints what it did to the spool, one call a line:
#   write tmp/.text.U, fsync mess, link tmp/.text.U mess/U, rename tmp/N new/N, unlink …, stdout
# N is a NAME, U a UNIQUE, B a broadcast, R a runner; repeated writes are one line.
steps()
{
	strace -qq -f -y -s 0 -o trace -e signal=none \
		-e trace=openat,mkdirat,write,pwrite64,fsync,fdatasync,syncfs,linkat,renameat,renameat2,unlinkat \
		"$@" <letter >out 2>err || { cat err; return 1; }
	sed -E 's/^[0-9]+ +//' trace | grep -v ' = -1 ' | awk -v spool="$SPOOL" '
	function clean(path) {
		if (index(path, spool "/") == 1)
			path = substr(path, length(spool) + 2)
		gsub(/:[0-9]+\.[A-Za-z0-9_.-]+/, ":R", path)
		gsub(/[0-9]+\.T[0-9a-f]+P[0-9]+Q[0-9]+R[0-9a-f]+\.[A-Za-z0-9_-]+/, "N", path)
		gsub(/T[0-9a-f]+P[0-9]+Q[0-9]+R[0-9a-f]+\.[A-Za-z0-9_-]+/, "U", path)
		sub(/^run\/[0-9].*/, "run/R", path)
		return path
	}
	function descriptor(text,   a) { split(text, a, /[<>]/); return a[2] }
	function named(n,   part) {             # the n-th quoted name, below the n-th descriptor
		split($0, part, "\"")
		return clean(descriptor(part[2 * n - 1]) "/" part[2 * n])
	}
	{
		call = $0
		sub(/\(.*/, "", call)
		step = ""
		if (call ~ /^(write|pwrite64|fsync|fdatasync|syncfs)$/) {
			where = descriptor($0)
			if ($0 ~ /^write\(1</)
				step = "stdout"
			else if (index(where, spool) == 1)
				step = call " " clean(where)
		} else if (call == "linkat")
			step = "link " named(1) " " named(2)
		else if (call ~ /^renameat/)
			step = "rename " named(1) " " named(2)
		else if (call == "unlinkat")
			step = "unlink " named(1)
		else if (call == "mkdirat")
			step = "mkdir " named(1)
		else if ($0 ~ /"trigger", O_WRONLY/)
			step = "trigger"
		if (step != "" && step != last)
			print step
		last = step
	}'
}

# The reader of the trigger, so that waking it can be seen.
idle_reader()
{
	start sh -c 'exec 3<>"$1"; exec sleep 60' sh "$SPOOL/trigger"
	wait_for opened "$PID"
}

opened()
{
	[ "$(readlink "/proc/$1/exe")" = "$(readlink -f "$(command -v sleep)")" ]
}

@test "ml-enqueue: text and envelope, link, mess/, rename, new/, and only then the NAME" {
	idle_reader
	run steps ml-enqueue -f news@example.org "$SPOOL" ann@example.com
	assert_lines 'write tmp/.text.U
write tmp/N
fsync tmp/N
link tmp/.text.U mess/U
fsync tmp/.text.U
fsync mess
rename tmp/N new/N
fsync new
unlink tmp/.text.U
trigger
write trigger
stdout'
}

@test "ml-explode with syncfs: all staged and linked, one sync, rename, new/" {
	idle_reader
	strace -o probe -e trace=syncfs ml-explode -f news@example.org -l list -m letter "$SPOOL" >/dev/null
	grep -q '^syncfs' probe || skip "no syncfs for this file system"
	run steps ml-explode -f news@example.org -n 2 -l list "$SPOOL"
	assert_lines 'mkdir tmp/N
write tmp/.text.U
write tmp/N/N.1
link tmp/.text.U mess/U.1
write tmp/N/N.2
link tmp/.text.U mess/U.2
syncfs tmp
rename tmp/N new/N
fsync new
unlink tmp/.text.U
trigger
write trigger
stdout'
}

@test "ml-explode without syncfs: each envelope before its link, then text, mess/ and the broadcast" {
	portable
	idle_reader
	run steps ml-explode -f news@example.org -n 2 -l list "$SPOOL"
	assert_lines 'mkdir tmp/N
write tmp/.text.U
write tmp/N/N.1
fsync tmp/N/N.1
link tmp/.text.U mess/U.1
write tmp/N/N.2
fsync tmp/N/N.2
link tmp/.text.U mess/U.2
fsync tmp/.text.U
fsync mess
fsync tmp/N
rename tmp/N new/N
fsync new
unlink tmp/.text.U
trigger
write trigger
stdout'
}

KEYED='fsync tmp
write tmp/.key.U
fsync tmp/.key.U
link tmp/.key.U sent/K
unlink tmp/.key.U
unlink tmp/.text.U
fsync sent
rename tmp/N new/N
fsync new
trigger
write trigger
stdout'

@test "ml-explode -k: the staging and tmp/, the record, sent/, and only then the rename" {
	idle_reader
	run steps ml-explode -f news@example.org -n 2 -k K -l list "$SPOOL"
	output=$(grep -A 99 '^fsync tmp$' <<<"$output")
	assert_lines "$KEYED"
}

@test "ml-explode -k without syncfs: likewise, everything staged being synced before" {
	portable
	idle_reader
	run steps ml-explode -f news@example.org -n 2 -k K -l list "$SPOOL"
	[ "$(grep -B 3 '^fsync tmp$' <<<"$output" | head -n 3 | tr '\n' ' ')" = "fsync tmp/.text.U fsync mess fsync tmp/N " ]
	output=$(grep -A 99 '^fsync tmp$' <<<"$output")
	assert_lines "$KEYED"
}

@test "who completes another's broadcast syncs the record before the rename, and new/ behind it" {
	strace -qq -o /dev/null -e trace=renameat -e inject=renameat:signal=KILL:when=1 \
		ml-explode -f news@example.org -n 2 -k K -l list -m letter "$SPOOL" >/dev/null 2>&1 || :
	cp -a "$SPOOL" staged
	run steps ml-requeue "$SPOOL"
	[ "$(grep -e sent -e ' new' <<<"$output")" = $'fsync sent\nrename tmp/N new/N\nfsync new' ]
	rm -rf "$SPOOL"
	cp -a staged "$SPOOL"
	run steps ml-explode -f news@example.org -n 2 -k K -l list "$SPOOL"
	[ "$(grep -e 'fsync sent' -e 'rename .* new' -e 'fsync new' -e stdout <<<"$output")" = $'fsync sent\nrename tmp/N new/N\nfsync new\nstdout' ]
}

@test "a runner syncs an envelope's marks before it moves it, and unlinks the message behind the move" {
	sink
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	run steps ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	output=$(grep -v run/R <<<"$output")
	assert_lines 'rename new/N cur/N:R
pwrite64 cur/N:R
fdatasync cur/N:R
rename cur/N:R done/N
unlink mess/U'
}

@test "a runner syncs marks and notes before an envelope goes to defer/ or fail/, and keeps its message" {
	sink
	rule 'rcpt late@* 450 4.2.1 later' 'rcpt bad@* 550 5.1.1 unknown'
	ml-enqueue -f news@example.org "$SPOOL" late@example.com <letter
	run steps ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	output=$(grep -v run/R <<<"$output")
	assert_lines 'rename new/N cur/N:R
pwrite64 cur/N:R
write cur/N:R
fdatasync cur/N:R
rename cur/N:R defer/N'
	ml-enqueue -f news@example.org "$SPOOL" bad@example.com <letter
	run steps ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	output=$(grep -v run/R <<<"$output")
	# the reason first: a failure without one would say nothing to anybody
	assert_lines 'rename new/N cur/N:R
write cur/N:R
pwrite64 cur/N:R
fdatasync cur/N:R
rename cur/N:R fail/N'
}

@test "in a window the marks of neighbours are one write, and all of them are written before the next text is sent or the next envelope claimed" {
	sink -C
	rule 'text * 250 2.6.0 taken'
	addresses 120 | ml-explode -f news@example.org -V += -n 40 -m letter "$SPOOL" >/dev/null
	strace -qq -s 100000 -o trace -e signal=none -e trace=sendto,recvfrom,pwrite64,renameat \
		ml-runner -1q -w 16 "$SPOOL" smtp 127.0.0.1 "$PORT" 2>/dev/null
	run awk '
		/^recvfrom/ { owed += gsub(/2\.6\.0 taken/, "") }
		/^pwrite64/ && gsub(/D250/, "") { writes++ }
		/^pwrite64/ { marks = split($0, part, "user") - 1; owed -= marks > 0 ? marks + 1 : /, 4, / }
		(/^sendto/ || /^renameat\([0-9]+, "[^":]*", [0-9]+, "[^"]*:/) && owed > 0 { late++ }
		END { print late + 0, owed, writes < 60 }' trace
	assert_lines '0 0 1'
}

synced_within_a_second()
{
	addresses 600 | ml-explode -f news@example.org -V += -n 600 -m letter "$SPOOL" >/dev/null
	strace -qq -r -o trace -e signal=none -e trace=pwrite64,fdatasync -y \
		ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT" 2>/dev/null
	# how long the oldest mark waited, at most
	TOOK=$(awk '{ t += $1 }
		/pwrite64/ && /cur/ && !since { since = t }
		/fdatasync/ { if (since && t - since > worst) worst = t - since; since = 0 }
		END { print since ? "never" : int(worst * 1000) }' trace)
	[ "$TOOK" -lt 2000 ]
	[ "$(grep -c fdatasync trace)" -ge 2 ]
}

@test "a long envelope's marks are synced within a second, while sending goes on" {
	sink -d 5
	best_of 3 1200 synced_within_a_second
}

@test "ml-requeue unlinks a message before its witness, and syncs a death before it returns the claim" {
	NAME=$(ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter)
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1795461876163381.host.1.00000000"
	run steps ml-requeue -g 0 "$SPOOL"
	output=$(grep -v -e run/ <<<"$output")
	assert_lines 'rename cur/N:R cur/N:R
write cur/N:R
fdatasync cur/N:R
rename cur/N:R new/N'
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/$NAME"
	touch -d '3 days ago' "$SPOOL/tmp/$NAME"
	run steps ml-requeue "$SPOOL"
	output=$(grep -v run/ <<<"$output" | sed -E 's/sweep\.[0-9a-f]{16}/sweep.X/g')
	assert_lines 'rename tmp/N tmp/.sweep.X.N
unlink mess/U
unlink tmp/.sweep.X.N'
}

# Every openat in the spool has both flags and starts from a descriptor; SPOOL itself may be a symlink.
careful()
{
	local bad
	strace -qq -f -y -o trace -e signal=none -e trace=%file,openat "$@" >out 2>err <letter || :
	sed -E -i 's/^[0-9]+ +//' trace
	grep -q "<$SPOOL" trace
	bad=$(grep -E "^(openat\([0-9]+<$SPOOL|(open|creat)\(\"$SPOOL/)" trace |
		grep -v -e 'O_CLOEXEC.*O_NOFOLLOW' -e 'O_NOFOLLOW.*O_CLOEXEC' || :)
	[ -z "$bad" ] || { echo "$*: $bad"; return 1; }
	# a path from the root, or one through a symlink's name, is never used
	bad=$(grep -F "\"$SPOOL/" trace | grep -v '^execve' || :)
	[ -z "$bad" ] || { echo "$*: $bad"; return 1; }
	bad=$(grep -E "^(stat|lstat|newfstatat|rename|link|unlink|rmdir|mkdir|chmod|chown|open)\(\"" trace |
		grep -F "$SPOOL" || :)
	[ -z "$bad" ] || { echo "$*: $bad"; return 1; }
}

@test "no program opens a file of the spool without O_CLOEXEC and O_NOFOLLOW, or by its whole path" {
	sink
	careful ml-enqueue -f news@example.org "$SPOOL" ann@example.com
	careful ml-explode -f news@example.org -n 2 -l list "$SPOOL"
	careful ml-explode -f news@example.org -n 2 -k K -l list "$SPOOL"
	careful ml-explode -f news@example.org -n 2 -k K -l list "$SPOOL"
	careful ml-status "$SPOOL"
	careful ml-status -l "$SPOOL"
	careful ml-runner -1 -m 2 "$SPOOL" smtp 127.0.0.1 "$PORT"
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	careful ml-runner -1 "$SPOOL" pipe cat
	careful ml-requeue -a -k 0 "$SPOOL"
}

@test "a command that a runner starts inherits no descriptor of the spool" {
	ml-enqueue -f news@example.org "$SPOOL" ann@example.com <letter
	ml-runner -1 "$SPOOL" pipe sh -c 'ls -l /proc/$$/fd >fds; cat >/dev/null'
	grep -q ' 1 -> ' fds
	run ! grep -F "$SPOOL" fds
}

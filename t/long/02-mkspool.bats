#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ml-mkspool where something more than POSIX is to be had.
load ../lib

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "where the file system can, each broadcast is put somewhere else on the disk" {
	need lsattr
	ml-mkspool s
	chattr +T s/tmp 2>/dev/null && chattr -T s/tmp || skip "this file system knows no such placing"
	run -0 --separate-stderr ml-mkspool s
	[ "$output$stderr" = '' ]
	run -0 lsattr -d s/tmp s/new
	[ "$(awk '{ print ($1 ~ /T/) }' <<<"$output" | tr '\n' ' ')" = '1 0 ' ]
	run -0 ml-explode -f a@b.c -l <(addresses 3) -m <(letter) s
	[ "$(lsattr -d "s/new/$output" | awk '{ print ($1 ~ /T/) }')" -eq 0 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a power cut leaves, at any moment of any program's life.  t/power/run says how, and where the
# number of states was capped; TREES and STATES raise that.
load ../lib

setup_file()
{
	command -v strace >/dev/null && command -v "${CC:-cc}" >/dev/null || return 0
	local root=$BATS_TEST_DIRNAME/../..
	local b=$BATS_FILE_TMPDIR/portable
	make -s -C "$root" B="$b" CPPFLAGS=-DSPOOL_PORTABLE all "$b/t/sink" "$b/t/powercut" \
		>"$BATS_FILE_TMPDIR/make.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/make.log"; return 1; }
}

setup()
{
	need_strace
	[ -x "$BIN/../t/powercut" ] || skip "powercut is not built"
}

# cuts SCENARIO…
cuts()
{
	"$BATS_TEST_DIRNAME/../power/run" "${BUILD:-$BIN/..}" "$@" >"$BATS_TEST_TMPDIR/report" ||
		{ cat "$BATS_TEST_TMPDIR/report"; return 1; }
	sed 's/^/# /' "$BATS_TEST_TMPDIR/report" >&3
}

# The same where each file is synced by itself.
portable_cuts()
{
	[ -x "$BATS_FILE_TMPDIR/portable/t/powercut" ] || skip "no compiler for the variant without Linux"
	BUILD=$BATS_FILE_TMPDIR/portable cuts "$@"
}

@test "a spool that was made is there after a power cut, and one that was not can be made" {
	cuts mkspool
}

@test "what ml-enqueue has acknowledged survives a power cut, and nothing half-made is visible" {
	cuts enqueue
}

@test "what ml-explode has acknowledged survives a power cut, whole or not at all" {
	cuts explode large
}

@test "the same where each file is synced by itself, and where the text needs copies" {
	portable_cuts explode emlink large
}

@test "a broadcast under a key is sent once, whether it is asked for again after the cut or not" {
	cuts key
	portable_cuts key
}

@test "the same where another than its maker publishes it" {
	cuts other round
	portable_cuts other round
}

@test "no call that fails is acknowledged as durable, and no sync that fails at all" {
	cuts failing
	portable_cuts failing
}

@test "a runner loses nothing in a power cut, and sends again only what it had not marked for sure" {
	cuts success refused deferred expired several
}

@test "marks are sure within a second, while sending goes on" {
	cuts long
}

@test "after a sync that failed every mark is written anew before the next" {
	cuts resync
}

@test "a round of ml-requeue that a power cut ends loses nothing" {
	cuts requeue sweep
}

@test "an envelope that a power cut left under two names survives the next one" {
	cuts twice
}

@test "a second power cut, while what the first one left is put right, loses nothing either" {
	cuts recovering
}

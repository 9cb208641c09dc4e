#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Each call that touches a file or a socket fails once, or from there on all of its name do, or a
# write, read or send takes half, till one run has no more calls; and each call for memory.  Then the
# program has said what was wrong and ended with another code than 0, or it has done its work, all of
# it; nothing hangs, nothing is lost, nobody is marked falsely, and the next ordinary runs do the rest.  A
# call that a signal cut off, and a short one, is no failure; a sync that failed is no success.  The
# scenes and the judgement are in t/sweep/.
#
# Each call is cut off by a signal, and meets one of the other actions, another one every day (SEED); where a
# run is short it meets them all.  FAULTS=1 lets it meet them all everywhere.
load ../lib
load sweep

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	ROTATE=rotate
	[ -z "${FAULTS:-}" ] || ROTATE=
}

# refuse SCENE
refuse()
{
	# shellcheck disable=SC2086
	sweep "$1" EINTR memory memory+ $ROTATE ENOSPC EIO+ EMFILE short ENOMEM+ EDQUOT EAGAIN ENFILE+ ENOSPC+ EIO ENOMEM \
		EMFILE+ short+ EDQUOT+ ENFILE EAGAIN+
}

# The same with everything.
refuse_all()
{
	ROTATE=
	refuse "$1"
}

@test "ml-mkspool, refused anything" {
	refuse_all mkspool
}

@test "ml-enqueue, refused anything" {
	refuse_all enqueue
}

@test "ml-enqueue -t, refused anything" {
	refuse header
}

@test "ml-explode, refused anything" {
	refuse_all explode
}

@test "ml-explode with large envelopes, refused anything" {
	refuse large
}

@test "ml-explode with a thread that writes, refused anything" {
	refuse behind
}

@test "ml-explode -k, refused anything" {
	refuse keyed
}

@test "ml-explode -k that completes another's broadcast, refused anything" {
	refuse loser
}

@test "ml-runner that delivers, refused anything" {
	refuse success
}

@test "ml-runner whose reads and writes take half, once or from there on, does all its work" {
	sweep success short short+
}

@test "ml-runner that defers, refused anything" {
	refuse deferral
}

@test "ml-runner whose recipients and senders are refused, refused anything" {
	refuse failure
}

@test "ml-runner whose texts are refused, refused anything" {
	refuse refused
}

@test "ml-runner whose recipients expire, refused anything" {
	refuse expiry
}

@test "ml-runner with every outcome, refused anything" {
	refuse partial
}

@test "ml-runner -w 8, refused anything" {
	refuse window
}

@test "ml-runner that loses its connections, refused anything" {
	refuse lost
}

@test "ml-runner over odd envelopes, refused anything" {
	refuse odd
}

@test "ml-runner in an LMTP dialogue, refused anything" {
	refuse lmtp
}

@test "ml-runner with a command that takes all, refused anything: no command takes half a text for a whole one" {
	refuse pipe
}

@test "ml-runner with a command that puts some off, refused anything" {
	refuse pipe_deferral
}

@test "ml-runner with a command that refuses some, refused anything" {
	refuse pipe_failure
}

@test "ml-runner with a command that is not there, refused anything" {
	refuse pipe_nothing
}

@test "ml-runner that is one too many, refused anything, claims nothing" {
	refuse surplus
}

@test "ml-runner on a paused spool, refused anything, claims nothing" {
	refuse paused
}

@test "ml-runner that idles, is woken and told to stop, refused anything" {
	refuse stay
}

@test "ml-runner that waits for the MTA, refused anything" {
	refuse down
}

@test "ml-runner that takes a new name, refused anything" {
	refuse renamed
}

@test "ml-runner -j 2, refused anything" {
	refuse crew
}

@test "ml-requeue, refused anything" {
	refuse requeue
}

@test "ml-requeue -i, refused anything" {
	refuse rounds
}

@test "ml-status, refused anything" {
	refuse_all status
}

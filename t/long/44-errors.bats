#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Each call that touches a file or a socket fails once, or from there on all of its name do, or a
# write, read or send takes half, till one run has no more calls.  Then the program has said what
# was wrong and ended with another code than 0, or it has done its work; nothing hangs, nothing is lost,
# nobody is marked falsely, and the next ordinary runs do the rest.  A call that a signal cut off, and a
# short one, is no failure.  The scenes and the judgement are in t/sweep/.
#
# Each call is cut off by a signal, and meets one of the other actions; FAULTS=1 lets it meet them all.
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
	sweep "$1" EINTR
	# shellcheck disable=SC2086
	sweep "$1" $ROTATE ENOSPC EIO+ EMFILE short ENOMEM+ EDQUOT EAGAIN ENFILE+ ENOSPC+ EIO ENOMEM \
		EMFILE+ short+ EDQUOT+ ENFILE EAGAIN+
}

@test "ml-mkspool, refused anything" {
	refuse mkspool
}

@test "ml-enqueue, refused anything" {
	refuse enqueue
}

@test "ml-explode, refused anything" {
	refuse explode
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

@test "ml-runner -j 2, refused anything" {
	refuse crew
}

@test "ml-requeue, refused anything" {
	refuse requeue
}

@test "ml-status, refused anything" {
	refuse status
}

#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# SIGKILL at each call that touches a file or a socket, till one run has no more of them; then only the
# next ordinary runs.  What is acknowledged is never lost, a broadcast goes to all or to none, at most
# what was in flight goes out twice, nobody sees half of anything, and nothing stays that is not swept.
# The scenes and the judgement are in t/sweep/.
load ../lib
load sweep

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

@test "ml-mkspool, killed anywhere, is completed by the next one" {
	sweep mkspool kill
}

@test "ml-enqueue, killed anywhere" {
	sweep enqueue kill
}

@test "ml-enqueue -t, killed anywhere" {
	sweep header kill
}

@test "ml-explode, killed anywhere" {
	sweep explode kill
}

@test "ml-explode, killed anywhere in large envelopes" {
	sweep large kill
}

@test "ml-explode, killed anywhere while a thread writes" {
	sweep behind kill
}

@test "ml-explode -k, killed anywhere and asked again, sends once" {
	sweep keyed kill
}

@test "ml-explode -k that completes another's broadcast, killed anywhere, sends once" {
	sweep loser kill
}

@test "ml-runner, killed anywhere while it delivers" {
	sweep success kill
}

@test "ml-runner, killed anywhere while it defers" {
	sweep deferral kill
}

@test "ml-runner, killed anywhere while recipients and senders are refused: each failure has its reason" {
	sweep failure kill
}

@test "ml-runner, killed anywhere while a text is refused" {
	sweep refused kill
}

@test "ml-runner, killed anywhere while recipients expire" {
	sweep expiry kill
}

@test "ml-runner, killed anywhere while one envelope has every outcome" {
	sweep partial kill
}

@test "ml-runner -w 8, killed anywhere with a window in flight" {
	sweep window kill
}

@test "ml-runner, killed anywhere while connections are lost" {
	sweep lost kill
}

@test "ml-runner, killed anywhere over envelopes that are not as they should be" {
	sweep odd kill
}

@test "ml-runner, killed anywhere in an LMTP dialogue" {
	sweep lmtp kill
}

@test "ml-runner with a command, killed anywhere" {
	sweep pipe kill
}

@test "ml-runner with a command, killed with it anywhere" {
	sweep pipe group
}

@test "ml-runner with a command that puts some off, killed anywhere" {
	sweep pipe_deferral kill
}

@test "ml-runner with a command that refuses some, killed anywhere" {
	sweep pipe_failure kill
}

@test "ml-runner that idles and is woken, killed anywhere" {
	sweep stay kill
}

@test "ml-runner that waits for the MTA, killed anywhere" {
	sweep down kill
}

@test "ml-runner that takes a new name, killed anywhere, leaves no claim that nobody finds" {
	sweep renamed kill
}

@test "ml-runner -j 2, one of the three killed anywhere" {
	sweep crew kill
}

@test "ml-runner -j 2, all of them killed anywhere" {
	sweep crew group
}

@test "ml-requeue -i, killed anywhere" {
	sweep rounds kill
}

@test "ml-requeue, killed anywhere" {
	sweep requeue kill
}

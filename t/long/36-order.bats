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

@test "a post that arrives while a broadcast to 200,000 drains goes before three more of its envelopes" {
	sink -d 2
	posts_go_first 200000 500
}

@test "of two lists of 100,000 the second has half when the first has 40 to 75 per cent" {
	sink
	lists_share 100000 500
}

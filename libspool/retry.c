/* SPDX-License-Identifier: ISC */
/*
 * The retry schedule, and nothing else: after the n-th failure an envelope is
 * due (20 n) squared seconds after its birth, so that tries come after 400 s,
 * 1600 s, 3600 s ..., as in qmail.  A little jitter keeps what failed together
 * from coming back together.
 */
#include "internal.h"

#define LONGEST 72000           /* seconds; with its jitter still less than the day that marks a wrong clock */

static uint64_t
square_root(uint64_t x)
{
	uint64_t low = 0, high = UINT64_C(1) << 31;

	while (low + 1 < high) {
		uint64_t middle = low + (high - low) / 2;

		if (middle * middle <= x)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t
spool_retry_order(uint64_t born, uint64_t now)
{
	uint64_t seconds = now / SPOOL_SECOND;
	uint64_t age = seconds > born ? seconds - born : 0;
	uint64_t step = square_root(age) + 20;
	uint64_t wait = step * step - age;

	if (age > UINT64_C(0xffffffff) || wait > LONGEST)
		wait = LONGEST;
	return now + wait * SPOOL_SECOND + spool_random() % (wait * SPOOL_SECOND / 8 + 1);
}

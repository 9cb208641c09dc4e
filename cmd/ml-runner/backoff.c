/* SPDX-License-Identifier: ISC */
/* How long runners keep off an MTA that takes nothing; the first success forgets it. */
#include "backoff.h"
#include "clock.h"

#define SHORTEST 1000
#define LONGEST  300000

void
backoff_longer(struct backoff *b)
{
	b->delay = b->delay == 0 ? SHORTEST : b->delay * 2;
	if (b->delay > LONGEST)
		b->delay = LONGEST;
	/* three quarters to all of it, so that runners don't come back together */
	b->until = clock_ms() + b->delay - (int64_t)(spool_random() % (uint64_t)(b->delay / 4));
}

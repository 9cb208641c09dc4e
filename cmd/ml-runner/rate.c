/* SPDX-License-Identifier: ISC */
/*
 * -r: each of the -j processes has a share of it, spaces its recipients
 * evenly, and remembers when its last ones went, so that together they exceed
 * the rate in no second, whichever one looks at.
 */
#include <stdlib.h>

#include "clock.h"
#include "rate.h"

#define WINDOW_MS 1030          /* a second, and what may pass between here and the server */
#define PART      4             /* of a share goes at once, where recipients go together */

int
rate_begin(struct runner *r, unsigned long number)
{
	const struct options *o = r->opt;
	struct rate *a = &r->rate;

	if (o->rate == 0)
		return 0;
	a->share = o->rate / o->processes + (number < o->rate % o->processes);
	a->part = a->share >= PART ? a->share / PART : 1;
	a->free_at = calloc(a->share, sizeof *a->free_at);
	return a->free_at != NULL ? 0 : -1;
}

int64_t
rate_wait(const struct runner *r)
{
	const struct rate *a = &r->rate;
	int64_t until;

	if (r->opt->rate == 0)
		return 0;
	until = a->free_at[a->oldest] > a->next ? a->free_at[a->oldest] : a->next;
	return clock_ms() >= until ? 0 : until;
}

void
rate_spend(struct runner *r, size_t recipients)
{
	struct rate *a = &r->rate;
	int64_t now;

	if (r->opt->rate == 0)
		return;
	now = clock_ms();
	a->next = now + (int64_t)(recipients * 1000 / a->share);
	for (; recipients > 0; recipients--) {
		a->free_at[a->oldest] = now + WINDOW_MS;
		a->oldest = (a->oldest + 1) % a->share;
	}
}

size_t
rate_most(const struct runner *r, size_t wanted)
{
	const struct rate *a = &r->rate;
	int64_t now;
	size_t n = 1;

	if (r->opt->rate == 0)
		return wanted;
	now = clock_ms();
	while (n < a->part && n < wanted && a->free_at[(a->oldest + n) % a->share] <= now)
		n++;
	return n;
}

void
rate_end(struct runner *r)
{
	free(r->rate.free_at);
	r->rate.free_at = NULL;
}

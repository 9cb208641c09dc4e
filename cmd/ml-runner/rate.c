/* SPDX-License-Identifier: ISC */
/*
 * -r: each of the -j processes has an equal share and spaces its recipients
 * evenly, so that together they never exceed the rate in any second.
 */
#include "clock.h"
#include "rate.h"

void
rate_begin(struct runner *r, unsigned long number)
{
	const struct options *o = r->opt;

	if (o->rate == 0)
		return;
	r->rate_step = (int64_t)(1000000 * o->processes / o->rate);
	/* the processes start one after the other within the first step */
	r->rate_next = clock_ms() * 1000 + r->rate_step * (int64_t)(number + 1) / (int64_t)o->processes;
}

int64_t
rate_wait(const struct runner *r)
{
	if (r->rate_step == 0 || clock_ms() * 1000 >= r->rate_next)
		return 0;
	return r->rate_next / 1000 + 1;
}

void
rate_spend(struct runner *r, size_t recipients)
{
	int64_t now = clock_ms() * 1000;

	if (r->rate_step == 0)
		return;
	/* what is late by less than one recipient may catch up; more is forgotten */
	if (r->rate_next < now - r->rate_step)
		r->rate_next = now - r->rate_step;
	r->rate_next += r->rate_step * (int64_t)recipients;
}

size_t
rate_most(const struct runner *r, size_t wanted)
{
	size_t second;

	if (r->rate_step == 0)
		return wanted;
	second = (size_t)(1000000 / r->rate_step);
	if (second == 0)
		second = 1;
	return wanted < second ? wanted : second;
}

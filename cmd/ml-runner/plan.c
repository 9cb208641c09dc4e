/* SPDX-License-Identifier: ISC */
/*
 * What is sent next: whose turn it is among the envelopes in hand, and when
 * another one is claimed.
 */
#include "die.h"
#include "job.h"
#include "plan.h"
#include "rate.h"
#include "settle.h"
#include "signals.h"
#include "tend.h"
#include "transaction.h"

/* An envelope that can't be read any further goes where an operator looks for it. */
static void
unreadable(struct runner *r, struct job *j)
{
	warn_spool(&r->spool, NULL);
	j->give_up = 1;
	if (j->in_flight == 0)
		settle_release(r, j, spool_now());
}

/* The job whose turn it is, or NULL. */
static struct job *
whose_turn(struct runner *r)
{
	int alone = job_is_alone(r);
	struct job *j;

	for (j = r->jobs; j != NULL; j = j->next) {
		if (j->lost || j->give_up || j->kept != KEPT_NOT || (alone && !j->alone))
			continue;
		if (alone && j->in_flight > 0)
			return NULL;
		if (j->pass < 2 || j->carries > 0)
			return j;
	}
	return NULL;
}

static size_t
in_flight(const struct runner *r)
{
	const struct job *j;
	size_t n = 0;

	for (j = r->jobs; j != NULL; j = j->next)
		n += j->in_flight;
	return n;
}

/* What is on its way may be what makes it keep off; before the first sign of that a window may be full. */
static int
may_be_too_many(const struct runner *r)
{
	size_t n = in_flight(r);

	return r->barren > 0 ? r->barren + n >= BARREN_MAX : n >= BARREN_MAX && n >= r->opt->window;
}

static int
may_plan(struct runner *r)
{
	return signals.stop == 0 && !r->backing_off && !tend_stuck(r) && !may_be_too_many(r) &&
	    rate_wait(r) == 0;
}

/* What is another's now, and has nothing on its way, is nobody's concern here. */
static void
drop_lost(struct runner *r)
{
	struct job *j, *next;

	for (j = r->jobs; j != NULL; j = next) {
		next = j->next;
		if (j->lost && j->in_flight == 0)
			settle(r, j);
	}
}

int
plan_next(struct runner *r, struct transaction *t)
{
	struct job *j;
	int got;

	drop_lost(r);
	while (may_plan(r)) {
		settle_kept(r);
		j = whose_turn(r);
		if (j == NULL) {
			if (job_is_alone(r))
				return 0;
			job_write_marks(r);     /* a claim may take its time */
			got = job_claim(r);
			r->troubled |= got < 0;
			if (got <= 0)
				return got;
			continue;
		}
		got = transaction_plan(r, j, t);
		if (got > 0)
			return 1;
		if (got < 0)
			unreadable(r, j);
		else if (j->in_flight == 0)
			settle(r, j);
	}
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * Where the next claim comes from: a snapshot of the smallest names, worked
 * off and read again, with a look at `paused` before every claim.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "log.h"
#include "queue.h"

#define STALE_US 1000000        /* then a snapshot is read again without being asked */
#define SHARE    20             /* reading may take one part in so many of the time */
#define MANY     500            /* recipients; once more were claimed, that bound is not looked at */

int
queue_open(struct runner *r)
{
	memset(&r->queue, 0, sizeof r->queue);
	r->queue.trigger = -1;
	r->queue.snapshot = spool_snapshot_new();
	return r->queue.snapshot != NULL ? 0 : -1;
}

void
queue_close(struct runner *r)
{
	if (r->queue.trigger >= 0)
		(void)close(r->queue.trigger);
	spool_snapshot_free(r->queue.snapshot);
	r->queue.snapshot = NULL;
	r->queue.trigger = -1;
}

/* The new one is opened before the old one is closed, and before new/ is read: no pull is missed. */
static void
renew_trigger(struct queue *q, struct spool *s)
{
	int fd = spool_trigger_open(s);

	if (q->trigger >= 0)
		(void)close(q->trigger);
	q->trigger = fd;                /* -1: without one, the look every ten seconds remains */
	q->fired = 0;
}

int
queue_before(struct runner *r)
{
	int before = spool_runners_before(&r->spool, r->self.id);

	if (before < 0)
		warn_spool(&r->spool, "can't count the runners");
	return before;
}

int
queue_surplus(struct runner *r)
{
	int before;

	if (r->opt->live_max == 0)
		return 0;
	before = queue_before(r);
	r->queue.surplus = before >= 0 && (unsigned long)before >= r->opt->live_max;
	return r->queue.surplus;
}

static void
note_reading(struct queue *q, int64_t began)
{
	q->read_at = clock_us();
	q->read_took = q->read_at - began;
}

static int
read_snapshot(struct runner *r)
{
	struct queue *q = &r->queue;
	int64_t began = clock_us();
	int others;

	renew_trigger(q, &r->spool);
	if (queue_surplus(r))
		return 0;
	others = spool_runners_before(&r->spool, NULL);
	q->spread = others > 1 ? (unsigned)others : 1;
	if (spool_snapshot_read(q->snapshot, &r->spool) < 0) {
		warn_spool(&r->spool, NULL);
		return -1;
	}
	q->useful = q->refused = q->claimed = 0;
	note_reading(q, began);
	return 0;
}

/* A thousand names that may not be moved don't hide what stands behind them. */
static int
read_more(struct runner *r)
{
	struct queue *q = &r->queue;
	int64_t began = clock_us();

	if (queue_surplus(r))
		return 0;
	if (spool_snapshot_more(q->snapshot, &r->spool) < 0) {
		warn_spool(&r->spool, NULL);
		return -1;
	}
	note_reading(q, began);
	return spool_snapshot_left(q->snapshot) > 0;
}

long
queue_look(struct runner *r)
{
	int paused = spool_paused(&r->spool);

	if (paused < 0) {
		warn_spool(&r->spool, NULL);
		return -1;
	}
	if (read_snapshot(r) < 0)
		return -1;
	if (paused > 0 || r->queue.surplus)
		return 0;
	return (long)spool_snapshot_left(r->queue.snapshot);
}

/* Once it fired two envelopes of 500 may be claimed, and no third before what has come in between is
   known, however long a look takes.  Small ones don't ask for one each: it would be all that is done. */
static int
is_stale(struct queue *q)
{
	struct pollfd p = { .fd = q->trigger, .events = 0 };
	int64_t age = clock_us() - q->read_at;

	if (!q->fired && q->trigger >= 0 && poll(&p, 1, 0) > 0)
		q->fired = 1;
	if (q->fired && q->claimed > MANY)
		return 1;
	return age > SHARE * q->read_took && (q->fired || age > STALE_US);
}

/* 1: the snapshot has names.  0: there is nothing, or nothing that can be claimed.  Where nothing but
   refusals was met it is not read from its beginning, which would bring the same ones again. */
static int
refill(struct runner *r)
{
	struct queue *q = &r->queue;
	size_t left = spool_snapshot_left(q->snapshot);

	if (left > 0 && ((q->useful == 0 && q->refused > 0) || !is_stale(q)))
		return 1;
	if (left == 0 && q->useful == 0)
		return read_more(r);
	if (read_snapshot(r) < 0)
		return -1;
	return !q->surplus && spool_snapshot_left(q->snapshot) > 0;
}

static int
may_claim(struct runner *r)
{
	int paused = spool_paused(&r->spool);

	if (paused < 0)
		warn_spool(&r->spool, NULL);
	return paused < 0 ? -1 : !paused;
}

/* A claim that failed: reported, and left to whoever can do better. */
static int
refused(struct runner *r, const struct spool_entry *n)
{
	if (errno == EBADMSG) {
		log_begin("held");
		log_text("name", n->name);
		log_text("reason", "not an envelope that can be read");
		log_end();
		r->queue.useful++;
		return 0;
	}
	if (spool_is_general(errno)) {
		warn_spool(&r->spool, NULL);
		return -1;
	}
	if (r->opt->once && errno != EACCES && errno != EPERM) {        /* nobody looks again by himself */
		warn_spool(&r->spool, NULL);
		r->unfinished = 1;
	} else if (r->spool.stranger != NULL) {
		r->spool.stranger(r->spool.context, spool_object(&r->spool), strerror(errno));
	}
	r->queue.refused++;
	return 0;
}

int
queue_claim(struct runner *r, struct spool_envelope *e)
{
	struct spool_entry n;
	int got;

	for (;;) {
		got = refill(r);
		if (got <= 0)
			return got;
		got = may_claim(r);
		if (got <= 0)
			return got;
		if (!spool_snapshot_take(r->queue.snapshot, r->queue.spread, &n))
			continue;
		got = spool_claim(e, &r->self, &n);
		if (got >= 0)
			r->queue.useful++;
		if (got == 0) {
			r->queue.claimed += e->todo;
			return 1;
		}
		if (got < 0 && refused(r, &n) < 0)
			return -1;
	}
}

/* SPDX-License-Identifier: ISC */
/*
 * The life of a runner: look, reach the MTA, and only then claim; idle, down
 * and paused between.  Whatever ends it, its claims go back; what a kill
 * leaves in cur/, or marks that can't be written, is put back by ml-requeue.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "job.h"
#include "life.h"
#include "log.h"
#include "mta.h"
#include "queue.h"
#include "rate.h"
#include "session.h"
#include "settle.h"
#include "signals.h"
#include "strangers.h"
#include "tend.h"
#include "transport.h"

#define LOOK_MS    10000        /* a look for what was moved by hand, or by another host */
#define LINGER_MS  10000        /* a session without work is kept so long */
#define TROUBLE_MS 1000
#define LOOK_APART_MS 5

/* Claims under our name that are not in hand: a rename that worked and said that it did not.
   -1: there may be more of them. */
static int
return_strays(struct runner *r)
{
	struct spool_envelope **held = NULL;
	struct job *j;
	size_t n = 0;
	int got;

	for (j = r->jobs; j != NULL; j = j->next)
		n++;
	if (n > 0 && (held = calloc(n, sizeof(struct spool_envelope *))) == NULL) {
		warn_errno("can't return claims");
		return -1;
	}
	for (n = 0, j = r->jobs; j != NULL; j = j->next)
		held[n++] = &j->envelope;
	got = spool_return_strays(&r->self, held, n);
	if (got < 0)
		warn_spool(&r->spool, NULL);
	free(held);
	return got < 0 ? -1 : 0;
}

/* Waits for the trigger, a signal, or the next look. */
static void
idle(struct runner *r)
{
	int64_t until = r->look_at, apart = r->queue.read_at / 1000 + LOOK_APART_MS;
	short happened = 0;
	int got = 0;

	if (r->session != NULL && r->session->progress_at + LINGER_MS < until)
		until = r->session->progress_at + LINGER_MS;

	tend_state(r, spool_paused(&r->spool) > 0 ? SPOOL_PAUSED : SPOOL_IDLE);
	/* a trigger that is pulled all the time makes nobody look all the time */
	while (signals.stop == 0 && clock_ms() < apart)
		(void)tend_wait(r, -1, 0, apart, 0, &happened);
	while (got == 0 && signals.stop == 0 && signals.look == 0 && clock_ms() < until)
		got = tend_wait(r, r->session != NULL ? r->session->wire.in : -1, POLLIN, until, 1, &happened);
	if (r->session == NULL || ((got & WAIT_IO) == 0 && signals.reconnect == 0 &&
	    clock_ms() - r->session->progress_at < LINGER_MS))
		return;
	r->session->wake = r->queue.trigger;
	if ((got & WAIT_IO) != 0)       /* it says good-bye, or has gone */
		mta_gone(r);
	else
		mta_part(r);
}

static void
rest(struct runner *r, int64_t until)
{
	short happened;

	while (clock_ms() < until && signals.stop == 0 && signals.look == 0 && signals.reconnect == 0)
		(void)tend_wait(r, -1, 0, until, 0, &happened);
}

/* 1: a look for everything, which ALRM asks for as well. */
static int
is_full_look(struct runner *r)
{
	int64_t now = clock_ms();
	int asked = signals.look != 0, full = asked || now >= r->look_at;

	if (asked)                      /* one that comes now asks for this look as well */
		signals.look = 0;
	if (full)
		r->look_at = now + LOOK_MS;
	return full;
}

/* Few names are left to the runners that came before, unless they leave them for ten seconds. */
static int
is_our_turn(struct runner *r, long names, int full)
{
	return r->opt->once || r->session != NULL || full || names > queue_before(r);
}

static enum work
work(struct runner *r)
{
	return mta_is_command(r) ? pipe_work(r) : smtp_work(r);
}

static void
clear_requests(void)
{
	signals.look = 0;
	signals.reconnect = 0;
}

/* Something is wrong with the spool, not with the MTA.  1: go on. */
static int
trouble(struct runner *r, int *code)
{
	r->troubled = 0;
	if (r->opt->once) {
		*code = EX_TEMPFAIL;
		return 0;
	}
	tend_state(r, SPOOL_DOWN);
	clear_requests();
	rest(r, clock_ms() + TROUBLE_MS);
	return 1;
}

/* Nothing to do: 1 once that may have changed, 0 if that is the end. */
static int
have_nothing(struct runner *r)
{
	if (r->opt->once)
		return 0;
	(void)return_strays(r);
	idle(r);
	return !mta_is_once(r) || r->session != NULL;
}

static int
keep_off(struct runner *r, int *code)
{
	if (r->opt->once || mta_is_once(r)) {
		*code = EX_TEMPFAIL;
		return 0;
	}
	(void)return_strays(r);         /* for as long as this lasts its heartbeat would keep them */
	rest(r, r->backoff.until);
	clear_requests();
	r->backoff.until = 0;
	return 1;
}

/* Nothing in hand: is there something to do?  1 yes, 0 no (and it waited), -1 the end. */
static int
find_work(struct runner *r, int *code)
{
	int full = is_full_look(r);
	long names = queue_look(r);

	if (r->queue.surplus)
		return -1;
	if (names < 0)
		return trouble(r, code) ? 0 : -1;
	if (names > 0 && is_our_turn(r, names, full))
		return 1;
	return have_nothing(r) - 1;
}

/* 1: what there is may not be claimed by this runner, which must not go round and round over it. */
static int
found_nothing(const struct runner *r)
{
	return r->jobs == NULL && r->queue.useful == 0 && !r->queue.surplus && !r->troubled &&
	    !r->stuck && !r->backing_off && signals.stop == 0;
}

/* The session is over: 1 if there can be another. */
static int
lost_session(struct runner *r, int *code)
{
	if (!mta_is_once(r))
		return 1;
	if (r->jobs != NULL || queue_look(r) > 0)
		*code = EX_TEMPFAIL;
	return 0;
}

/* One turn of the life; 0 when it is over. */
static int
turn(struct runner *r, int *code)
{
	int got;

	if (tend_stuck(r) || r->troubled)
		return trouble(r, code);
	settle_kept(r);
	if (r->backing_off) {
		r->backing_off = 0;
		mta_part(r);
		mta_down(r);
	}
	if (r->backoff.until > clock_ms())
		return keep_off(r, code);
	if (mta_is_once(r) && !mta_reach(r)) {  /* somebody connected, and waits for us */
		if (signals.stop == 0)
			mta_down(r);
		return 1;
	}
	if (r->jobs == NULL) {
		got = find_work(r, code);
		if (got <= 0)
			return got == 0;
	}
	if (!mta_reach(r)) {
		if (signals.stop == 0)
			mta_down(r);
		return 1;
	}
	switch (work(r)) {
	case WORK_IDLE:
		if (found_nothing(r))
			return have_nothing(r);
		break;
	case WORK_AGAIN:
		mta_part(r);
		return lost_session(r, code);
	case WORK_LOST:
		session_drop(r);
		return lost_session(r, code);
	case WORK_DOWN:
		mta_down(r);
		break;
	}
	return 1;
}

/* 0, or -1 if a claim is left. */
static int
leave(struct runner *r)
{
	int left;

	r->leaving = 1;
	mta_release(r);
	mta_part(r);
	left = return_strays(r) < 0 || r->jobs != NULL;
	/* by the file that is left a claim that is left is known at once for a dead one's */
	if (!left && spool_runner_leave(&r->self) < 0)
		warn_spool(&r->spool, NULL);
	while (r->jobs != NULL) {
		spool_envelope_close(&r->jobs->envelope);
		job_drop(r, r->jobs);
	}
	queue_close(r);
	rate_end(r);
	spool_close(&r->spool);
	log_flush();
	return left ? -1 : 0;
}

int
life(const struct options *o, int parent, unsigned long number)
{
	struct runner r = { .opt = o, .parent = parent };
	int code = EX_OK;

	open_spool(&r.spool, o->spool);
	r.spool.stranger = strangers_report;
	if (signals_catch() < 0 || queue_open(&r) < 0 || rate_begin(&r, number) < 0)
		die_errno("can't start");
	if (spool_runner_join(&r.self, &r.spool, "runner") < 0)
		die_spool(&r.spool, NULL);
	r.beat_at = clock_ms() + 1000;
	r.rcpts_most = o->rcpts;
	if (!queue_surplus(&r))
		while (signals.stop == 0 && turn(&r, &code))
			continue;
	if ((leave(&r) < 0 || (o->once && r.unfinished)) && code == EX_OK)
		code = EX_TEMPFAIL;
	return code;
}

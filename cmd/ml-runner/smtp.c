/* SPDX-License-Identifier: ISC */
/*
 * The SMTP client.  With PIPELINING, end-of-data and the next transaction's
 * MAIL, RCPT, DATA leave in one write (RFC 2920), across envelopes: one round
 * trip a message, and never more than one message in doubt.  With CHUNKING as
 * well and -w, up to so many whole transactions are in flight.  Without both,
 * one command at a time.  This file decides when which transaction is sent;
 * send.c has its commands, answer.c what a reply does.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "answer.h"
#include "clock.h"
#include "flight.h"
#include "job.h"
#include "plan.h"
#include "rate.h"
#include "send.h"
#include "signals.h"
#include "tend.h"
#include "transport.h"

#define AHEAD 65536             /* unsent bytes, beyond which more waits: the server has these to work on */
#define STUCK_MS 1000

static int
session_is_worn(const struct runner *r)
{
	const struct session *s = r->session;

	return (r->opt->messages != 0 && s->messages >= r->opt->messages) ||
	    s->refused >= REFUSED_MAX || s->errors >= REFUSED_MAX || s->cut || signals.reconnect != 0;
}

static int
plan(struct runner *r)
{
	struct session *s = r->session;
	struct transaction *t = flight_spare(s);
	int got;

	if (t == NULL)
		return session_fail(s, "out of memory");
	got = plan_next(r, t);
	if (got <= 0) {
		flight_return(s, t);
		return got;
	}
	s->sending = t;
	return 1;
}

/* What a server says it can't take is not sent: 1 if nobody is left in T. */
static int
is_impossible(struct runner *r, struct transaction *t)
{
	struct session *s = r->session;
	struct reply p = { .code = 552 };

	if (s->size_limit != 0 && (unsigned long long)t->job->body->octets > s->size_limit) {
		(void)snprintf(p.text, sizeof p.text, "552 5.3.4 %lld octets are more than the server takes",
		    (long long)t->job->body->octets);
		outcome_refused(r, t, &p);
		return 1;
	}
	if (t->utf8 && !s->utf8) {
		p.code = 553;
		(void)snprintf(p.text, sizeof p.text, "553 5.6.7 the server does not offer SMTPUTF8");
		if (address_is_ascii(t->job->envelope.from, strlen(t->job->envelope.from)))
			outcome_fail(r, t, 0, &p);
		else
			outcome_refused(r, t, &p);
		return 1;
	}
	return 0;
}

/* The next transaction, new or one that was void: 1; 0 when there is none now; -1. */
static int
choose(struct runner *r)
{
	struct session *s = r->session;
	int got;

	if (s->again != NULL) {
		s->sending = s->again;
		s->again = s->again->next_again;
		return 1;
	}
	if (session_is_worn(r))
		return 0;
	got = plan(r);
	if (got > 0)
		flight_add(s, s->sending);
	return got;
}

/* In a window a MAIL may stand behind a transaction that is refused, which it would then be nested
   in, with a RCPT that is accepted under somebody else's return path: so RSET stands between. */
static void
begin(struct runner *r)
{
	struct session *s = r->session;

	if (s->expected_count == 0)
		s->spoilt = 0;
	s->stage = s->needs_rset || (session_is_windowed(r) && s->flights > 1) ? STAGE_RSET : STAGE_MAIL;
	if (s->expected_count == 0 && session_unsent(s) == 0)
		s->progress_at = clock_ms();    /* the server owed nothing till now */
	tend_state(r, SPOOL_BUSY);
}

/* Begins the next transaction: 1; 0 when there is none now; -1. */
static int
begin_next(struct runner *r)
{
	struct session *s = r->session;
	struct transaction *t;
	int got = choose(r);

	if (got <= 0)
		return got;
	t = s->sending;
	if (!is_impossible(r, t)) {
		begin(r);
		return 1;
	}
	s->sending = NULL;
	t->succeeded = 0;               /* the server has said nothing, neither good nor bad */
	t->targets = 0;
	flight_end(r, t);
	tend(r);                        /* there may be thousands of them */
	return 1;
}

/* A window that was full is filled again once a quarter of it is answered: one by one, each transaction
   would wake both sides, and be a packet of its own. */
static int
is_full(const struct runner *r)
{
	struct session *s = r->session;

	if (s->flights >= r->opt->window)
		s->was_full = 1;
	else if (s->flights <= r->opt->window - (r->opt->window + 3) / 4)
		s->was_full = 0;
	return s->was_full;
}

/* 1 if nothing may be sent before the server has spoken. */
static int
must_listen(const struct runner *r)
{
	const struct session *s = r->session;

	if (s->unwanted)
		return 1;
	if (s->expected_count == 0)
		return s->in_from < s->in_to;   /* unasked, and not the reply to what comes next */
	if (!s->pipelining)
		return s->stage != STAGE_TEXT;
	if (s->stage != STAGE_NONE)
		return s->stage == STAGE_WAIT;
	/* a window that was void is read to its end first */
	return s->again != NULL || (session_is_windowed(r) && is_full(r));
}

/* Sends everything that may be sent now. */
static int
send_all(struct runner *r)
{
	struct session *s = r->session;
	int got;

	s->has_more = 0;
	while (!must_listen(r)) {
		if (s->dead)
			return -1;
		if (session_unsent(s) >= AHEAD) {
			s->has_more = 1;
			return 0;
		}
		got = s->stage != STAGE_NONE ? send_next(r) : begin_next(r);
		if (got <= 0)
			return got;
	}
	return 0;
}

/* How long the oldest reply may take. */
static int64_t
patience(const struct runner *r)
{
	const struct session *s = r->session;

	if (session_unsent(s) > 0 || s->expected_count == 0)
		return session_timeout(r, 3);
	switch (s->expected[s->expected_first].kind) {
	case EXPECT_TEXT:
	case EXPECT_LONE_DOT:
		return session_timeout(r, 10);
	case EXPECT_DATA:
		return session_timeout(r, 2);
	case EXPECT_RSET:
	case EXPECT_MAIL:
	case EXPECT_RCPT:
		break;
	}
	return session_timeout(r, 5);
}

static int
wait_for_rate(struct runner *r)
{
	int64_t until = rate_wait(r);

	if (until == 0 || signals.stop != 0 || session_is_worn(r) || r->backing_off)
		return 0;
	return session_pump(r, until) < 0 ? -1 : 1;
}

static void
count_as_rested(struct session *s)
{
	s->rested = 1;
	s->progress_at = clock_ms();
}

/* What has come is looked at before the clock: this process may have been stopped meanwhile.  What
   comes octet by octet is no reply before its end, and makes nobody wait longer. */
static int
wait_for_reply(struct runner *r)
{
	struct session *s = r->session;
	int64_t until = r->stuck ? clock_ms() + STUCK_MS : s->progress_at + patience(r) + 1;
	int came = session_listen(r, until);

	if (came == 0 && clock_ms() - s->progress_at > patience(r) && !r->stuck)
		return session_fail(s, "timed out");
	return came < 0 ? -1 : 1;
}

/* 1 if everything is said that will be: there is no reply to a text that is not out. */
static int
is_heard_out(const struct session *s)
{
	size_t never = s->stage == STAGE_TEXT && !s->reader.stuff ? 1 : 0;

	return s->expected_count <= never;
}

/* One turn: take a reply; where none is left, send, and wait for one.  1 go on, 0 nothing left to do, -1 dead. */
static int
turn(struct runner *r)
{
	struct session *s = r->session;
	int got;

	if (s->unwanted && is_heard_out(s))
		return -1;
	got = session_next_reply(r);
	if (got != 0)
		return got > 0 && answer(r, &s->parser.reply) == 0 ? 1 : -1;
	(void)send_all(r);
	if (s->dead)
		return -1;
	if (s->expected_count == 0 && session_unsent(s) == 0 && s->stage == STAGE_NONE &&
	    s->in_from == s->in_to) {
		got = wait_for_rate(r);
		if (got == 0)
			count_as_rested(s);
		return got;
	}
	return wait_for_reply(r);
}

/* It went as soon as it was open, over nothing that was sent: so would the next one. */
static int
was_useless(const struct session *s)
{
	return s->flight == NULL && !s->answered && !s->rested && signals.stop == 0;
}

enum work
smtp_work(struct runner *r)
{
	struct session *s = r->session;
	int got, blame;

	while ((got = turn(r)) > 0)
		continue;
	if (got == 0) {
		if (!session_is_worn(r))
			return WORK_IDLE;
		signals.reconnect = 0;
		return WORK_AGAIN;
	}
	if (s->unwanted || was_useless(s)) {
		tend_last(r, s->why);
		flight_lost(r, 0, s->why);
		return WORK_DOWN;
	}
	/* after a rest the connection may have gone long ago, which says nothing about our message */
	got = s->rested || s->flight == NULL;
	blame = !got && !r->stuck && !r->troubled && signals.stop < 2 && !job_any_lost(r);
	flight_lost(r, blame, s->why);
	return got ? WORK_AGAIN : WORK_LOST;
}

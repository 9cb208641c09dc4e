/* SPDX-License-Identifier: ISC */
/*
 * What a reply means.  2xx to the text: D.  5xx: F with its reason, the
 * recipient's if it answered RCPT, the message's otherwise.  Everything else,
 * and whatever speaks of the dialogue only, leaves T.  A mark that can't be
 * written is remembered in the envelope, which then is failing: nothing more
 * is sent until it has been.
 */
#include <stdio.h>
#include <string.h>

#include "job.h"
#include "log.h"
#include "outcome.h"
#include "tend.h"

#define LIMIT_LEAST 10

int
outcome_is_no_verdict(int code)
{
	return code == 421 || code == 500 || code == 502 || code == 503;
}

static const char *
address(const struct transaction *t, size_t i)
{
	return t->addresses + t->target[i].address;
}

void
outcome_log(const char *event, const struct spool_envelope *e, const char *to, int code,
    const char *text)
{
	uint64_t now = spool_now() / SPOOL_SECOND;

	log_begin(event);
	log_text("id", *e->id != '\0' ? e->id : spool_unique(e->name));
	log_text("to", to);
	log_number("code", (unsigned long long)code);
	log_text("text", text);
	log_number("delay", now > e->born ? now - e->born : 0);
	log_end();
}

static void
log_target(const char *event, const struct transaction *t, size_t i, const struct reply *p)
{
	outcome_log(event, &t->job->envelope, address(t, i), p->code, p->text);
}

static void
decide(struct transaction *t, size_t i)
{
	t->target[i].state = TARGET_DECIDED;
	job_answered(t->job, t->target[i].index);
}

static void
deliver(struct runner *r, struct transaction *t, size_t i, const struct reply *p)
{
	/* whoever saw the 250 writes it, even where the claim has gone meanwhile */
	(void)spool_mark_delivered(&t->job->envelope, t->target[i].at, p->code);
	decide(t, i);
	t->job->marks++;
	t->succeeded = 1;
	r->self.done++;
	if (!r->opt->quiet)
		log_target("delivered", t, i, p);
}

static void
fail(struct runner *r, struct transaction *t, size_t i, const struct reply *p, int note)
{
	const struct spool_rcpt rcpt = { .index = t->target[i].index, .at = t->target[i].at };
	struct job *j = t->job;

	decide(t, i);
	t->succeeded = 1;
	if (j->lost || (note ? spool_mark_failed(&j->envelope, &rcpt, p->code, p->text) :
	    spool_mark(&j->envelope, rcpt.at, 'F', p->code)) > 0)
		return;
	j->marks++;
	r->self.failed++;
	tend_last(r, p->text);
	log_target("failed", t, i, p);
}

/* A note that tells of a temporary refusal begins with 4. */
static void
tally(struct transaction *t, size_t index, const struct reply *p)
{
	char text[REPLY_SIZE];

	if (p->text[0] == '4') {
		job_tally(t->job, p->code, p->text, index, 1);
		return;
	}
	(void)snprintf(text, sizeof text, "451 answered: %.480s", p->text);
	job_tally(t->job, 451, text, index, 1);
}

/* WHOLE: the reply is the message's, not the recipient's. */
static void
put_off(struct runner *r, struct transaction *t, size_t i, const struct reply *p, int whole)
{
	struct job *j = t->job;

	decide(t, i);
	if (j->lost)
		return;
	(void)spool_mark(&j->envelope, t->target[i].at, 'T', p->code);
	tally(t, whole ? 0 : t->target[i].index, p);
	tend_last(r, p->text);
	log_target("deferred", t, i, p);
}

static int
enhanced_is(const struct reply *p, const char *status)
{
	return strlen(p->text) > 4 && strncmp(p->text + 4, status, strlen(status)) == 0;
}

/* The n-th recipient is one too many: he is first in the next transaction.  A server without
   enhanced codes may mean a full mailbox; then the next transaction tells. */
static int
is_one_too_many(const struct transaction *t, const struct reply *p)
{
	if (t->accepted == 0)
		return 0;
	if (p->code == 552)             /* which RFC 821 had for it */
		return enhanced_is(p, "5.5.3") || !enhanced_is(p, "5.");
	return p->code == 452 && (enhanced_is(p, "4.5.3") || !(enhanced_is(p, "4.")));
}

static int
carry(struct transaction *t, size_t i)
{
	if (job_carry(t->job, t->target[i].at, t->target[i].index, address(t, i)) < 0)
		return -1;
	t->target[i].state = TARGET_CARRIED;
	return 0;
}

void
outcome_rcpt(struct runner *r, struct transaction *t, size_t i, const struct reply *p)
{
	if (t->target[i].state != TARGET_WAITING)
		return;
	if (p->code / 100 == 2) {
		t->target[i].state = TARGET_ACCEPTED;
		if (++t->accepted > r->rcpts_most)      /* and what seemed to be a limit was none */
			r->rcpts_most = r->opt->rcpts;
	} else if (p->code / 100 == 5 && !outcome_is_no_verdict(p->code) && !is_one_too_many(t, p))
		fail(r, t, i, p, 1);
	else if (is_one_too_many(t, p) && carry(t, i) == 0) {
		/* fewer than these is no limit of a server, but somebody's full mailbox */
		if (t->accepted >= LIMIT_LEAST)
			r->rcpts_most = t->accepted;
	} else
		put_off(r, t, i, p, 0);
}

void
outcome_carry(struct transaction *t)
{
	size_t i;

	for (i = 0; i < t->targets; i++)
		if (t->target[i].state == TARGET_WAITING)
			(void)carry(t, i);
}

static void
note_message(struct transaction *t, const struct reply *p)
{
	if (t->job->failed_whole != p->code && !t->job->lost)
		(void)spool_note(&t->job->envelope, 0, p->text);
	t->job->failed_whole = p->code;
}

static void
refuse(struct runner *r, struct transaction *t, enum target_state state, const struct reply *p)
{
	int final = p->code / 100 == 5 && !outcome_is_no_verdict(p->code);
	size_t i, met = 0;

	for (i = 0; i < t->targets; i++) {
		if (t->target[i].state != state)
			continue;
		if (final && met++ == 0)
			note_message(t, p);
		if (final)
			fail(r, t, i, p, 0);
		else
			put_off(r, t, i, p, 1);
	}
}

void
outcome_refused(struct runner *r, struct transaction *t, const struct reply *p)
{
	refuse(r, t, TARGET_WAITING, p);
	refuse(r, t, TARGET_ACCEPTED, p);
}

void
outcome_fail(struct runner *r, struct transaction *t, size_t i, const struct reply *p)
{
	fail(r, t, i, p, 1);
}

void
outcome_text(struct runner *r, struct transaction *t, const struct reply *p)
{
	size_t i;

	if (p->code / 100 != 2) {
		refuse(r, t, TARGET_ACCEPTED, p);
		return;
	}
	for (i = 0; i < t->targets; i++)
		if (t->target[i].state == TARGET_ACCEPTED)
			deliver(r, t, i, p);
}

void
outcome_text_for(struct runner *r, struct transaction *t, size_t i, const struct reply *p)
{
	if (t->target[i].state != TARGET_ACCEPTED)
		return;
	if (p->code / 100 == 2)
		deliver(r, t, i, p);
	else if (p->code / 100 == 5 && !outcome_is_no_verdict(p->code))
		fail(r, t, i, p, 1);
	else
		put_off(r, t, i, p, 0);
}

void
outcome_lost(struct transaction *t, const char *why)
{
	struct job *j = t->job;
	char text[REPLY_SIZE];
	size_t i;

	(void)snprintf(text, sizeof text, "421 %.500s", why);
	for (i = 0; i < t->targets && !j->lost; i++) {
		if (t->target[i].state == TARGET_DECIDED || t->target[i].state == TARGET_CARRIED)
			continue;
		(void)spool_mark(&j->envelope, t->target[i].at, 'T', 421);
		job_tally(j, 421, text, 0, 1);
	}
}

static void
calm(struct runner *r)
{
	r->backoff.delay = 0;
	r->backoff.until = 0;
}

void
outcome_barren(struct runner *r, struct job *j)
{
	if (++r->barren < BARREN_MAX)
		return;
	r->barren = 0;
	r->backing_off = 1;
	j->give_up = 1;
}

void
outcome_end(struct runner *r, struct transaction *t)
{
	size_t i;
	int decided = 0;

	for (i = 0; i < t->targets; i++)
		decided |= t->target[i].state == TARGET_DECIDED;
	if (t->succeeded) {
		r->barren = 0;
		calm(r);
	} else if (decided)
		outcome_barren(r, t->job);
}

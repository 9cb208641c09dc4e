/* SPDX-License-Identifier: ISC */
/*
 * What becomes of an envelope that has been worked through: done/, fail/,
 * defer/ with its retry time, or, past its lifetime, no more tries.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "die.h"
#include "job.h"
#include "log.h"
#include "outcome.h"
#include "settle.h"

static void
close_job(struct runner *r, struct job *j)
{
	spool_envelope_close(&j->envelope);
	job_drop(r, j);
}

/*
 * What was sent and can't be marked stays in hand, since who let it go would send it again; at the
 * end the claim stays in cur/, for ml-requeue to return with a note that tells of it.
 */
static void
give_up(struct runner *r, struct job *j, enum kept how)
{
	if (j->envelope.failing) {
		if (r->leaving && j->kept == KEPT_NOT)
			warn_spool(&r->spool, NULL);
		j->kept = how;
		return;
	}
	if (errno != ENOENT) {
		warn_spool(&r->spool, NULL);
		r->unfinished |= j->envelope.fd >= 0;   /* otherwise only its message was left */
	} else {
		log_trouble("lost", j->envelope.file, "the claim is gone");
	}
	close_job(r, j);
}

/* Whose connection was lost may have had an answer on a later one. */
static size_t
still_lost(struct job *j)
{
	struct spool_cursor c;
	struct spool_rcpt p;
	size_t n = 0;

	spool_cursor_begin(&c, &j->envelope);
	while (spool_cursor_next(&c, &j->envelope, &p) > 0)
		n += p.state == 'T' && p.code == 421;
	return n;
}

static const struct tally *
most_heard(struct job *j)
{
	const struct tally *best = NULL;
	size_t i, lost;

	for (i = 0; i < j->tallies; i++) {
		struct tally *t = &j->tally[i];

		if (t->code == 421 && (lost = still_lost(j)) < t->count)
			t->count = lost;
		if (t->count > 0 && (best == NULL || t->count > best->count))
			best = t;
	}
	return best;
}

static void
log_deferral(const struct job *j, const struct tally *t, uint64_t due)
{
	uint64_t now = spool_now();

	log_begin("requeued");
	log_text("name", j->envelope.name);
	log_number("todo", j->envelope.todo);
	log_number("in", due > now ? (due - now) / SPOOL_SECOND : 0);
	if (t != NULL)
		log_text("text", t->text);
	log_end();
}

static int
defer(struct runner *r, struct job *j)
{
	const struct tally *t = most_heard(j);
	uint64_t due = spool_retry_order(j->envelope.born, spool_now());
	int noted = j->noted || t == NULL;

	j->noted = 1;
	if ((!noted && spool_note(&j->envelope, t->index, t->text) < 0) ||
	    spool_defer(&j->envelope, due) < 0)
		return -1;
	log_deferral(j, t, due);
	r->self.deferred += j->envelope.todo;
	return 0;
}

static int
is_expired(const struct runner *r, const struct job *j)
{
	uint64_t now = spool_now() / SPOOL_SECOND;

	return j->envelope.noted && now > j->envelope.born &&
	    now - j->envelope.born >= (uint64_t)r->opt->days * 86400;
}

static int
expire_one(struct runner *r, struct job *j, const struct spool_rcpt *p)
{
	char text[128];
	int code = p->code / 100 == 4 ? p->code : 451;  /* nothing but a 4xx can expire */
	int result;

	(void)snprintf(text, sizeof text, "%03d 4.4.7 expired: refused temporarily for %lu days",
	    code, r->opt->days);
	result = spool_mark_failed(&j->envelope, p, code, text);
	if (result > 0)
		return 0;
	outcome_log("failed", &j->envelope, p->address, code, text);
	r->self.failed++;
	return result;
}

/* Everybody who was tried, and is still to do, has failed now; who never was, gets a first try. */
static int
expire(struct runner *r, struct job *j)
{
	struct spool_cursor c;
	struct spool_rcpt p;
	int got;

	spool_cursor_begin(&c, &j->envelope);
	while ((got = spool_cursor_next(&c, &j->envelope, &p)) > 0)
		if (p.state == 'T' && p.code != 0 && expire_one(r, j, &p) < 0)
			return -1;
	return got;
}

void
settle(struct runner *r, struct job *j)
{
	struct spool_envelope *e = &j->envelope;

	job_write_marks(r);             /* what is read of it here must be there, and syncing takes its time */
	/* nobody else knows of the marks that were made since it was lost */
	if (j->lost && spool_envelope_sync(e) == 0) {
		close_job(r, j);
		return;
	}
	if (j->lost || (e->todo > 0 && is_expired(r, j) && expire(r, j) < 0)) {
		give_up(r, j, KEPT_SETTLE);
		return;
	}
	if (e->todo > 0 ? defer(r, j) < 0 : spool_finish(e) < 0) {
		/* somebody else's count may differ from ours: the file decides */
		if (errno != EBUSY || defer(r, j) < 0) {
			give_up(r, j, KEPT_SETTLE);
			return;
		}
	}
	job_drop(r, j);
}

void
settle_release(struct runner *r, struct job *j, uint64_t order)
{
	if (j->lost)
		settle(r, j);
	else if (spool_release(&j->envelope, order) < 0)
		give_up(r, j, KEPT_RELEASE);
	else
		job_drop(r, j);
}

void
settle_step_back(struct runner *r, struct job *j)
{
	const struct tally *t = NULL;
	char text[REPLY_SIZE + sizeof LOST_NOTE];
	size_t i;

	(void)spool_marks_write(&j->envelope);
	for (i = 0; i < j->tallies; i++)
		if (j->tally[i].code == 421)
			t = &j->tally[i];
	/* the note tells the next claim that this is not the first time; it tells of no deferral */
	if (t != NULL && !j->lost && !j->noted && still_lost(j) > 0) {
		(void)snprintf(text, sizeof text, LOST_NOTE "%s", t->text);
		(void)spool_note(&j->envelope, 0, text);
	}
	j->noted = 1;
	settle_release(r, j, spool_now());
}

void
settle_hold(struct runner *r, struct job *j, const char *why)
{
	log_begin("held");
	log_text("name", j->envelope.name);
	log_text("reason", why);
	log_end();
	if (spool_hold(&j->envelope) < 0)
		give_up(r, j, KEPT_RELEASE);
	else
		job_drop(r, j);
}

void
settle_kept(struct runner *r)
{
	struct job *j, *next;

	for (j = r->jobs; j != NULL; j = next) {
		enum kept kept = j->kept;

		next = j->next;
		if (j->envelope.failing)
			continue;
		j->kept = KEPT_NOT;
		if (kept == KEPT_SETTLE)
			settle(r, j);
		else if (kept == KEPT_RELEASE)
			settle_release(r, j, spool_now());
	}
}

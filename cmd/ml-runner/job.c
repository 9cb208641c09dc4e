/* SPDX-License-Identifier: ISC */
/*
 * Envelopes in hand.  Each is walked twice, recipients that were never tried
 * first, so that nobody's full mailbox stands before others; a recipient that
 * was answered under this claim is not asked again under it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "body.h"
#include "clock.h"
#include "die.h"
#include "job.h"
#include "queue.h"
#include "rate.h"
#include "settle.h"
#include "signals.h"

int
job_any_lost(const struct runner *r)
{
	const struct job *j;

	for (j = r->jobs; j != NULL; j = j->next)
		if (j->lost)
			return 1;
	return 0;
}

int
job_is_alone(const struct runner *r)
{
	const struct job *j;

	for (j = r->jobs; j != NULL; j = j->next)
		if (j->alone)
			return 1;
	return 0;
}

void
job_drop(struct runner *r, struct job *j)
{
	struct job **at = &r->jobs;
	size_t i;

	while (*at != NULL && *at != j)
		at = &(*at)->next;
	if (*at != NULL)
		*at = j->next;
	for (i = 0; i < j->carries; i++)
		free(j->carried[i].address);
	free(j->carried);
	free(j->answered);
	body_close(j->body);
	free(j);
}

void
job_answered(struct job *j, size_t index)
{
	j->answered[(index - 1) / 8] |= (unsigned char)(1U << ((index - 1) % 8));
}

static int
was_answered(const struct job *j, size_t index)
{
	return j->answered[(index - 1) / 8] >> ((index - 1) % 8) & 1;
}

void
job_replan(struct job *j)
{
	size_t i;

	for (i = 0; i < j->carries; i++)
		free(j->carried[i].address);
	j->carries = 0;
	j->pass = 0;
	j->second_pass = 1;
	spool_cursor_begin(&j->cursor, &j->envelope);
}

void
job_tally(struct job *j, int code, const char *text, size_t index, size_t count)
{
	struct tally *t;
	size_t i;

	for (i = 0; i < j->tallies; i++)
		if (j->tally[i].code == code && strcmp(j->tally[i].text, text) == 0)
			break;
	if (i == TALLIES)
		return;
	t = &j->tally[i];
	if (i == j->tallies) {
		j->tallies++;
		t->code = code;
		t->count = 0;
		t->index = index;
		(void)strncpy(t->text, text, sizeof t->text - 1);
		t->text[sizeof t->text - 1] = '\0';
	}
	t->count += count;
	if (t->count > 1)
		t->index = 0;
}

static int
see_last(void *context, size_t index, const char *reply)
{
	struct job *j = context;

	j->lost_before = index == 0 && strncmp(reply, "421 ", 4) == 0;
	return 0;
}

static void
append(struct runner *r, struct job *j)
{
	struct job **at = &r->jobs;

	while (*at != NULL)
		at = &(*at)->next;
	*at = j;
}

/* 1: ready.  0: it needed no delivery, or can have none, and is dealt with. */
static int
begin(struct runner *r, struct job *j)
{
	struct spool_envelope *e = &j->envelope;

	append(r, j);
	spool_cursor_begin(&j->cursor, e);
	j->second_pass = e->todo > e->untried;
	if (e->todo == 0) {
		settle(r, j);
		return 0;
	}
	j->body = body_open(&r->spool, spool_unique(e->name));
	if (j->body == NULL && errno == ENOENT) {
		settle_hold(r, j, "it has no message");
		return 0;
	}
	j->answered = calloc(e->rcpts / 8 + 1, 1);
	if (j->body != NULL && j->answered != NULL && spool_notes(e, see_last, j) >= 0)
		return 1;
	warn_spool(&r->spool, j->body == NULL ? "can't read its message" : NULL);
	settle_release(r, j, 0);
	return -1;
}

static int
claim(struct runner *r)
{
	struct job *j;
	int got;

	do {
		j = calloc(1, sizeof *j);
		if (j == NULL)
			return -1;
		got = queue_claim(r, &j->envelope);
		if (got <= 0) {
			free(j);
			return got;
		}
		got = begin(r, j);
	} while (got == 0);
	return got;
}

static int
add_target(struct transaction *t, off_t at, size_t index, const char *address)
{
	size_t length = strlen(address) + 1;
	struct target *targets;
	char *addresses;

	if (t->targets == t->targets_room) {
		targets = realloc(t->target, (t->targets_room * 2 + 8) * sizeof *targets);
		if (targets == NULL)
			return -1;
		t->target = targets;
		t->targets_room = t->targets_room * 2 + 8;
	}
	if (t->addresses_used + length > t->addresses_room) {
		addresses = realloc(t->addresses, t->addresses_room * 2 + length);
		if (addresses == NULL)
			return -1;
		t->addresses = addresses;
		t->addresses_room = t->addresses_room * 2 + length;
	}
	memcpy(t->addresses + t->addresses_used, address, length);
	t->target[t->targets++] = (struct target){ at, index, t->addresses_used, TARGET_WAITING };
	t->addresses_used += length;
	return 0;
}

/* The next recipient that may be sent to: 1, 0 when there is none, -1. */
static int
next_rcpt(struct job *j, struct spool_rcpt *p)
{
	int got;

	for (; j->pass < 2; j->pass++, spool_cursor_begin(&j->cursor, &j->envelope)) {
		while ((got = spool_cursor_next(&j->cursor, &j->envelope, p)) > 0)
			if (p->state == 'T' && (p->code != 0) == j->pass && !was_answered(j, p->index))
				return 1;
		if (got < 0)
			return -1;
		if (j->pass == 0 && !j->second_pass) {
			j->pass = 2;
			break;
		}
	}
	return 0;
}

static int
shares(const struct job *j)
{
	return *j->envelope.verp == '\0' || verp_room(j->envelope.from) == 0;
}

int
job_carry(struct job *j, off_t at, size_t index, const char *address)
{
	struct carried *c;

	if (j->carries == j->carries_room) {
		c = realloc(j->carried, (j->carries_room * 2 + 8) * sizeof *c);
		if (c == NULL)
			return -1;
		j->carried = c;
		j->carries_room = j->carries_room * 2 + 8;
	}
	c = &j->carried[j->carries];
	*c = (struct carried){ .at = at, .index = index };
	c->address = strdup(address);
	if (c->address == NULL)
		return -1;
	j->carries++;
	return 0;
}

static int
is_ascii(const char *address)
{
	return address_is_ascii(address, strlen(address));
}

/* An address that needs SMTPUTF8 shares its transaction with nobody. */
static int
fits(const struct transaction *t, const char *address)
{
	return t->targets == 0 || (is_ascii(address) && is_ascii(t->addresses));
}

static int
take_carried(struct job *j, struct transaction *t, size_t most)
{
	size_t n;

	for (n = 0; n < j->carries && n < most && fits(t, j->carried[n].address); n++) {
		if (add_target(t, j->carried[n].at, j->carried[n].index, j->carried[n].address) < 0)
			return -1;
		free(j->carried[n].address);
	}
	memmove(j->carried, j->carried + n, (j->carries - n) * sizeof *j->carried);
	j->carries -= n;
	return j->carries > 0;
}

/* Fills T from J: 1, 0 when J has nobody left, -1. */
static int
fill(struct runner *r, struct job *j, struct transaction *t)
{
	size_t most = shares(j) ? rate_most(r, r->rcpts_most) : 1;
	struct spool_rcpt p;
	int got = take_carried(j, t, most);

	if (got != 0)
		return got;
	while (t->targets < most) {
		got = next_rcpt(j, &p);
		if (got <= 0)
			break;
		if (!fits(t, p.address)) {
			got = job_carry(j, p.at, p.index, p.address);
			break;
		}
		if (add_target(t, p.at, p.index, p.address) < 0)
			return -1;
	}
	return got < 0 ? -1 : t->targets > 0;
}

static void
reset(struct transaction *t, struct job *j)
{
	t->job = j;
	t->targets = t->addresses_used = t->accepted = 0;
	t->mail_code = t->succeeded = t->is_void = t->resent = 0;
	t->next = NULL;
}

static void
address_sender(struct transaction *t)
{
	const struct spool_envelope *e = &t->job->envelope;

	(void)verp_path(t->sender, sizeof t->sender, e->from, *e->verp != '\0' ? e->verp : "+=",
	    *e->verp != '\0' ? t->addresses : "");
	if (*e->verp == '\0')
		(void)strncpy(t->sender, e->from, sizeof t->sender - 1);
	t->utf8 = !is_ascii(t->sender) || !is_ascii(t->addresses);
}

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
		if (j->lost || j->give_up || (alone && !j->alone))
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

/* What is on its way may be what makes it keep off. */
static int
may_plan(const struct runner *r)
{
	return signals.stop == 0 && !r->backing_off && !r->stuck &&
	    r->barren + in_flight(r) < BARREN_MAX && rate_wait(r) == 0;
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
job_plan(struct runner *r, struct transaction *t)
{
	struct job *j;
	int got;

	drop_lost(r);
	while (may_plan(r)) {
		j = whose_turn(r);
		if (j == NULL) {
			if (job_is_alone(r))
				return 0;
			got = claim(r);
			r->troubled |= got < 0;
			if (got <= 0)
				return got;
			continue;
		}
		reset(t, j);
		got = fill(r, j, t);
		if (got > 0) {
			j->in_flight++;
			address_sender(t);
			rate_spend(r, t->targets);
			return 1;
		}
		if (got < 0)
			unreadable(r, j);
		else if (j->in_flight == 0)
			settle(r, j);
	}
	return 0;
}

static int
is_finished(const struct job *j)
{
	return j->in_flight == 0 && (j->give_up || j->lost || (j->pass == 2 && j->carries == 0));
}

void
job_done_with(struct runner *r, struct transaction *t)
{
	struct job *j = t->job;

	t->job = NULL;
	j->in_flight--;
	if (j->pass < 2 && j->envelope.todo == 0)
		j->pass = 2;
	if (is_finished(j))
		settle(r, j);
}

void
job_release_all(struct runner *r)
{
	while (r->jobs != NULL) {
		if (r->jobs->give_up && !r->jobs->lost)
			settle(r, r->jobs);
		else
			settle_release(r, r->jobs, 0);
	}
}

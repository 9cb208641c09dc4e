/* SPDX-License-Identifier: ISC */
/*
 * Envelopes in hand: from the claim to the point where nothing is left of them
 * to plan and nothing is on its way.  What is in hand stands in r->jobs, in
 * the order of the claims.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "die.h"
#include "job.h"
#include "queue.h"
#include "settle.h"
#include "tend.h"

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

int
job_was_answered(const struct job *j, size_t index)
{
	return j->answered[(index - 1) / 8] >> ((index - 1) % 8) & 1;
}

void
job_write_marks(struct runner *r)
{
	struct job *j;

	for (j = r->jobs; j != NULL; j = j->next)
		(void)spool_marks_write(&j->envelope);  /* what fails makes it failing */
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

	j->alone = index == 0 && strncmp(reply, LOST_NOTE, strlen(LOST_NOTE)) == 0;
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

/* Its message is there and can't be read: it waits, and stands in nobody's way. */
static void
unreadable(struct runner *r, struct job *j)
{
	char text[REPLY_SIZE];
	struct spool_rcpt p;

	(void)snprintf(text, sizeof text, "451 4.3.0 its message can't be read: %s", strerror(errno));
	warn_spool(&r->spool, NULL);
	r->unfinished = 1;
	job_tally(j, 451, text, 0, 1);
	/* counted as a try, so that it has an end */
	spool_cursor_begin(&j->cursor, &j->envelope);
	while (spool_cursor_next(&j->cursor, &j->envelope, &p) > 0)
		if (p.state == 'T')
			(void)spool_mark(&j->envelope, p.at, 'T', 451);
	settle(r, j);
}

/* 1: ready.  0: it needed no delivery, or can have none, and is dealt with. */
static int
begin(struct runner *r, struct job *j)
{
	struct spool_envelope *e = &j->envelope;

	append(r, j);
	spool_cursor_begin(&j->cursor, e);
	j->second_pass = e->todo > e->untried;
	j->path_room = verp_delims_are_atoms(e->verp) ? verp_room(e->from) : 0;
	if (e->todo == 0) {
		settle(r, j);
		return 0;
	}
	if (e->slots) {
		settle_hold(r, j, "its text is to be merged");
		return 0;
	}
	j->body = body_open(&r->spool, spool_unique(e->name));
	if (j->body == NULL && errno == ENOENT) {
		settle_hold(r, j, "it has no message");
		return 0;
	}
	if (j->body == NULL && !spool_is_general(errno)) {
		unreadable(r, j);
		return 0;
	}
	j->answered = calloc(e->rcpts / 8 + 1, 1);
	if (j->body != NULL && j->answered != NULL && spool_notes(e, see_last, j) >= 0)
		return 1;
	warn_spool(&r->spool, j->body == NULL ? "can't read its message" : NULL);
	settle_release(r, j, 0);
	return -1;
}

int
job_claim(struct runner *r)
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
		tend(r);                /* there may be many that need no more than this */
	} while (got == 0);
	return got;
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
	struct job *j, *next;

	for (j = r->jobs; j != NULL; j = next) {
		next = j->next;
		if ((j->give_up || j->kept == KEPT_SETTLE) && !j->lost)
			settle(r, j);
		else
			settle_release(r, j, 0);
	}
}

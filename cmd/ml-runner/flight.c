/* SPDX-License-Identifier: ISC */
/*
 * Transactions on their way.  Replies are matched by count: the ring holds one
 * entry for each that the server owes, oldest first.  What is lost with a
 * connection stays T and is planned anew.
 */
#include <stdlib.h>
#include <string.h>

#include "flight.h"
#include "job.h"
#include "log.h"
#include "settle.h"
#include "tend.h"

struct transaction *
flight_spare(struct session *s)
{
	struct transaction *t = s->spare;

	if (t == NULL)
		return calloc(1, sizeof *t);
	s->spare = t->next;
	t->next = NULL;
	return t;
}

void
flight_return(struct session *s, struct transaction *t)
{
	t->next = s->spare;
	s->spare = t;
}

void
flight_add(struct session *s, struct transaction *t)
{
	t->next = NULL;
	*s->flight_last = t;
	s->flight_last = &t->next;
	s->flights++;
}

static void
unlink_transaction(struct session *s, struct transaction *t)
{
	struct transaction **at = &s->flight;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (s->flight_last == &t->next)
		s->flight_last = at;
	s->flights--;
}

/* Who has no answer stays in it, for another try. */
static int
keep_undecided(struct transaction *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->targets; i++)
		if (t->target[i].state == TARGET_WAITING || t->target[i].state == TARGET_ACCEPTED) {
			t->target[n] = t->target[i];
			t->target[n++].state = TARGET_WAITING;
		}
	t->targets = n;
	return n > 0;
}

static void
send_again(struct session *s, struct transaction *t)
{
	struct transaction **at = &s->again;

	t->is_void = t->nested = t->mail_code = t->is_out = t->answered = 0;
	t->accepted = 0;
	t->resent = 1;
	t->next_again = NULL;
	while (*at != NULL)
		at = &(*at)->next_again;
	*at = t;
	s->needs_rset = 1;
}

void
flight_end(struct runner *r, struct transaction *t)
{
	struct session *s = r->session;

	/* where nothing is sent any more it stays on its way, unanswered, till all of that is dropped */
	if (((t->is_void && !t->resent) || s->unwanted) && keep_undecided(t)) {
		send_again(s, t);
		return;
	}
	unlink_transaction(s, t);
	outcome_end(r, t);
	job_done_with(r, t);
	flight_return(s, t);
}

/* In the ring, whose room is a power of two, I behind the first. */
static size_t
place(const struct session *s, size_t i)
{
	return (s->expected_first + i) & (s->expected_room - 1);
}

int
flight_expect(struct session *s, enum expected_kind kind, struct transaction *t, size_t target)
{
	struct expected *bigger;
	size_t i, room;

	if (s->expected_count == s->expected_room) {
		room = s->expected_room > 0 ? s->expected_room * 2 : 64;
		bigger = malloc(room * sizeof *bigger);
		if (bigger == NULL)
			return session_fail(s, "out of memory");
		for (i = 0; i < s->expected_count; i++)
			bigger[i] = s->expected[place(s, i)];
		free(s->expected);
		s->expected = bigger;
		s->expected_room = room;
		s->expected_first = 0;
	}
	i = place(s, s->expected_count++);
	s->expected[i] = (struct expected){ kind, t, target };
	s->rcpts_owed += kind == EXPECT_RCPT;
	return 0;
}

int
flight_expect_text(struct session *s, struct transaction *t)
{
	size_t i;

	t->texts = s->each ? 0 : 1;
	if (!s->each)
		return flight_expect(s, EXPECT_TEXT, t, 0);
	for (i = 0; i < t->targets; i++)
		if (t->target[i].state == TARGET_ACCEPTED) {
			if (flight_expect(s, EXPECT_TEXT, t, i) < 0)
				return -1;
			t->texts++;
		}
	return 0;
}

struct expected
flight_next(struct session *s)
{
	struct expected e = s->expected[s->expected_first];

	s->expected_first = place(s, 1);
	s->expected_count--;
	return e;
}

/* The second loss without a mark in between sends the envelope to defer/. */
static void
go_alone(struct job *j)
{
	if (j->alone && j->marks == j->alone_marks)
		j->give_up = 1;
	j->alone = 1;
	j->alone_marks = j->marks;
}

static void
drop_transaction(struct runner *r, struct transaction *t)
{
	struct job *j = t->job;

	t->job = NULL;
	j->in_flight--;
	if (j->in_flight > 0)
		return;
	job_replan(j);
	if (j->give_up || j->lost || j->envelope.todo == 0)
		settle(r, j);
}

void
flight_lost(struct runner *r, int blame, const char *why)
{
	struct session *s = r->session;
	struct transaction *t = s->flight;

	log_begin("disconnected");
	log_text("error", why);
	log_number("unanswered", s->expected_count);
	log_end();
	while (t != NULL && t->answered)
		t = t->next;
	if (blame && t != NULL) {
		tend_last(r, why);
		outcome_lost(t, why);
		go_alone(t->job);
		outcome_barren(r, t->job);
	}
	while ((t = s->flight) != NULL) {
		s->flight = t->next;
		drop_transaction(r, t);
		flight_return(s, t);
	}
	s->flight_last = &s->flight;
	s->flights = 0;
	s->sending = s->again = NULL;
	s->stage = STAGE_NONE;
	s->expected_count = s->rcpts_owed = 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * The claims of dead runners, back into new/.  A runner is dead if its process
 * is known to be gone, or if its heartbeat has not changed for the lease; in
 * the second case it may only be asleep, so its run file goes first, which
 * tells it on waking that its claims are no longer its own.  A crash leaves
 * claims under this process's own name, to be returned in their turn.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "names.h"

#define BEAT_SECONDS 20         /* at least every 30 s */

struct casualty {
	char id[SPOOL_RUNNER_SIZE];
	int dead, by_lease, has_file;
};

struct ward {
	struct spool_runner *me;
	struct spool *spool;
	struct spool_round *round;
	struct spool_lease *lease;
	struct casualty *list;
	size_t count, room;
	struct spool_trouble trouble;
	int failed;                     /* a claim could not be returned: keep the run files */
};

static int
note_failure(struct ward *w)
{
	return spool_trouble_note(w->spool, &w->trouble);
}

static struct casualty *
find(struct ward *w, const char *id)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		if (strcmp(w->list[i].id, id) == 0)
			return &w->list[i];
	return NULL;
}

static struct casualty *
admit(struct ward *w, const char *id)
{
	struct casualty *c;

	if (w->list == NULL || w->count == w->room) {
		c = realloc(w->list, (w->room * 2 + 16) * sizeof *c);
		if (c == NULL)
			return NULL;
		w->list = c;
		w->room = w->room * 2 + 16;
	}
	c = w->list + w->count++;
	*c = (struct casualty){ .dead = 0 };
	(void)snprintf(c->id, sizeof c->id, "%s", id);
	return c;
}

static int
examine(struct ward *w, const char *id, const struct spool_peer *p, enum spool_probe probe)
{
	struct casualty *c = admit(w, id);
	int64_t lease = w->round->lease, age;

	if (c == NULL) {
		(void)spool_fail(w->spool, SPOOL_RUN, id);
		return note_failure(w);
	}
	if (strcmp(c->id, w->me->id) == 0)
		return 0;
	c->has_file = p != NULL;
	if (probe == SPOOL_DEAD) {
		c->dead = 1;
		return 0;
	}
	if (probe == SPOOL_ALIVE && lease < LIVE_LEASE)
		lease = LIVE_LEASE;
	age = spool_lease_age(w->lease, id, p);
	if (age < 0) {
		(void)spool_fail(w->spool, SPOOL_RUN, id);
		return note_failure(w);
	}
	c->dead = c->by_lease = age >= lease;
	return 0;
}

static int
see_peer(void *context, const struct spool_peer *p)
{
	return examine(context, p->id, p, spool_peer_probe(p));
}

/* A claim whose runner has no file, unless it has just come. */
static int
see_orphan(void *context, const char *file, enum spool_kind kind)
{
	struct ward *w = context;
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	struct spool_peer p;
	int got;

	kind = spool_kind(w->spool, SPOOL_CUR, file, kind);
	if (kind == SPOOL_KIND_UNKNOWN)         /* gone meanwhile */
		return 0;
	if (spool_split_claim(file, name, runner) < 0 || kind != SPOOL_KIND_FILE) {
		spool_strange(w->spool, SPOOL_CUR, file, "not a claim");
		return 0;
	}
	if (find(w, runner) != NULL)
		return 0;
	got = spool_peer_read(w->spool, runner, &p);
	if (got < 0)            /* nothing is known of him: he keeps his claims */
		return note_failure(w);
	return got > 0 ? examine(w, runner, &p, spool_peer_probe(&p)) :
	    examine(w, runner, NULL, SPOOL_UNKNOWN);
}

static int
tell(struct ward *w, const char *event, const char *object)
{
	if (w->round->tell != NULL)
		w->round->tell(w->round->context, event, object);
	return 0;
}

/* Who can't be revoked keeps his claims, and nobody else's with them. */
static void
revoke(struct ward *w)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		if (!w->list[i].dead)
			continue;
		if (w->list[i].by_lease && w->list[i].has_file &&
		    spool_runner_forget(w->spool, w->list[i].id) < 0) {
			(void)note_failure(w);
			w->list[i].dead = 0;
			continue;
		}
		(void)tell(w, "dead", w->list[i].id);
	}
}

struct deaths {
	unsigned long todo;
	unsigned in_a_row;
};

static int
see_death(void *context, size_t index, const char *reply)
{
	struct deaths *d = context;
	const char *todo = strstr(reply, " todo=");

	if (index != 0 || strncmp(reply, "died ", 5) != 0 || todo == NULL) {
		d->in_a_row = 0;
		return 0;
	}
	if (strtoul(todo + 6, NULL, 10) != d->todo)
		d->in_a_row = 0;
	d->todo = strtoul(todo + 6, NULL, 10);
	d->in_a_row++;
	return 0;
}

static int
note_death(struct spool_envelope *e, const char *runner)
{
	struct deaths d = { 0, 0 };
	char text[SPOOL_RUNNER_SIZE + 64];

	(void)snprintf(text, sizeof text, "died %s todo=%zu", runner, e->todo);
	if (spool_note(e, 0, text) < 0 || spool_notes(e, see_death, &d) < 0)
		return -1;
	return d.in_a_row >= DEATHS_MAX;
}

static int
hold_unreadable(struct ward *w, const char *file, const char *name)
{
	if (errno != EBADMSG)
		return errno == ENOENT ? 0 : -1;
	if (spool_move(w->spool, SPOOL_CUR, file, SPOOL_HOLD, name) < 0)
		return errno == ENOENT ? 0 : -1;
	w->round->held++;
	return tell(w, "unreadable", name);
}

static int
put_back(struct ward *w, struct spool_envelope *e, const char *runner)
{
	char name[SPOOL_NAME_SIZE];
	int elsewhere = 0, held;

	if (e->links > 1)
		elsewhere = spool_claimed_elsewhere(w->spool, spool_unique(e->name), e->file);
	if (elsewhere != 0)
		return elsewhere < 0 ? -1 : spool_stand_back(w->spool, e->file, e->name);
	held = note_death(e, runner);
	if (held < 0)
		return -1;
	memcpy(name, e->name, sizeof name);
	if ((held ? spool_hold(e) : spool_release(e, 0)) < 0)
		return errno == ENOENT ? 0 : -1;        /* revoked ourselves, meanwhile */
	w->round->returned += !held;
	w->round->held += (unsigned long)held;
	return held ? tell(w, "held", name) : 0;
}

/* Takes over one claim under this process's own name, then puts it back. */
static int
take_over(struct ward *w, const char *file, const char *name, const char *runner)
{
	char own[SPOOL_CLAIM_SIZE];
	struct spool_envelope e;
	int result;

	if (spool_claim_file(own, name, w->me->id) < 0)
		return spool_fail(w->spool, SPOOL_CUR, file);
	if (spool_move(w->spool, SPOOL_CUR, file, SPOOL_CUR, own) < 0)
		return errno == ENOENT ? 0 : -1;
	if (spool_envelope_open(&e, w->spool, SPOOL_CUR, own) < 0)
		return hold_unreadable(w, own, name);
	result = put_back(w, &e, runner);
	spool_envelope_close(&e);
	return result;
}

/* 0 once this process was itself taken for dead: what it took then would wait for the lease. */
static int
is_alive(struct ward *w)
{
	int revoked;

	if (spool_uptime() - w->me->beat <= BEAT_SECONDS || spool_runner_beat(w->me) == 0)
		return 1;
	revoked = errno == ENOENT;
	(void)note_failure(w);
	return !revoked;
}

static int
see_claim(void *context, const char *file, enum spool_kind kind)
{
	struct ward *w = context;
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	struct casualty *c;

	if (spool_split_claim(file, name, runner) < 0 ||
	    spool_kind(w->spool, SPOOL_CUR, file, kind) != SPOOL_KIND_FILE)
		return 0;
	c = find(w, runner);
	if (c == NULL || !c->dead)
		return 0;
	if (!is_alive(w)) {
		w->failed = 1;
		return 1;
	}
	if (take_over(w, file, name, runner) == 0)
		return 0;
	w->failed = 1;
	if (errno != EACCES && errno != EPERM)
		return note_failure(w);
	spool_strange(w->spool, SPOOL_CUR, file, strerror(errno));
	return 0;
}

static void
bury(struct ward *w)
{
	size_t i;

	for (i = 0; i < w->count && !w->failed; i++)
		if (w->list[i].dead && w->list[i].has_file &&
		    spool_runner_forget(w->spool, w->list[i].id) < 0)
			(void)note_failure(w);
}

/* Of whom nothing could be found out is not taken for dead.  On a full disk the notes of a single round are
   lost, but who is dead stays dead. */
static void
look_at_all(struct ward *w)
{
	if (spool_lease_begin(w->spool, w->lease) < 0)
		(void)note_failure(w);
	if (spool_peers(w->spool, see_peer, w) < 0)
		(void)note_failure(w);
	if (spool_scan(w->spool, SPOOL_CUR, NULL, 0, see_orphan, w) < 0)
		(void)note_failure(w);
	if (spool_lease_save(w->spool, w->lease) < 0)
		(void)note_failure(w);
}

static int
make_round(struct ward *w)
{
	unsigned long before = w->round->returned;

	look_at_all(w);
	revoke(w);
	if (spool_scan(w->spool, SPOOL_CUR, NULL, 0, see_claim, w) < 0) {
		w->failed = 1;
		(void)note_failure(w);
	}
	if (w->round->returned > before)
		spool_wake(w->spool);
	bury(w);
	return spool_trouble_end(w->spool, &w->trouble);
}

int
spool_requeue_dead(struct spool_runner *r, struct spool_round *w)
{
	struct ward ward = { .me = r, .spool = r->spool, .round = w };
	int result;

	if (w->lease_notes == NULL)
		w->lease_notes = calloc(1, sizeof *w->lease_notes);
	if (w->lease_notes == NULL)
		return spool_fail(r->spool, SPOOL_RUN, NULL);
	ward.lease = w->lease_notes;
	result = make_round(&ward);
	free(ward.list);
	return result;
}

void
spool_round_end(struct spool_round *w)
{
	if (w->lease_notes != NULL)
		spool_lease_free(w->lease_notes);
	free(w->lease_notes);
	w->lease_notes = NULL;
}

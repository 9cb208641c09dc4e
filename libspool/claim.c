/* SPDX-License-Identifier: ISC */
/*
 * Claiming: rename(new/NAME, cur/NAME:RUNNER), onto a name that nobody else
 * can make, decides between any number of runners without a lock.  A crash
 * leaves the claim in cur/ under a dead runner's name, and ml-requeue puts it
 * back.
 */
#include <string.h>

#include "internal.h"
#include "names.h"

#define STAND_BACK (600 * SPOOL_SECOND)

struct rival {
	struct spool *spool;
	const char *unique, *except;
};

/* Whoever has no run file, or can't be probed, may be alive. */
static int
see_rival(void *context, const char *file, enum spool_kind kind)
{
	struct rival *v = context;
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	struct spool_peer p;
	int got;

	(void)kind;
	if (strcmp(file, v->except) == 0 || spool_split_claim(file, name, runner) < 0 ||
	    strcmp(spool_unique(name), v->unique) != 0)
		return 0;
	got = spool_peer_read(v->spool, runner, &p);
	if (got < 0)
		return -1;
	return got == 0 || spool_peer_probe(&p) != SPOOL_DEAD;
}

int
spool_claimed_elsewhere(struct spool *s, const char *unique, const char *except_file)
{
	struct rival v = { s, unique, except_file };

	return spool_scan(s, SPOOL_CUR, NULL, 0, see_rival, &v);
}

int
spool_stand_back(struct spool *s, const char *file, const char *name)
{
	char later[SPOOL_NAME_SIZE];

	if (spool_name(later, spool_now() + STAND_BACK + spool_random() % (60 * SPOOL_SECOND),
	    spool_unique(name)) < 0)
		return spool_fail(s, SPOOL_CUR, file);
	return spool_move(s, SPOOL_CUR, file, SPOOL_DEFER, later) < 0 ? -1 : 0;
}

/* What can't be read is put aside, so that it does not come back at each claim. */
static int
put_aside(struct spool *s, const char *file, const char *name)
{
	int failed = errno;

	if (failed == EBADMSG) {
		if (spool_move(s, SPOOL_CUR, file, SPOOL_HOLD, name) < 0)
			return -1;
		errno = failed;
		return spool_fail(s, SPOOL_HOLD, name);
	}
	/* what is wrong with this file alone must not be the first again */
	if (spool_is_general(failed))
		(void)spool_move(s, SPOOL_CUR, file, SPOOL_NEW, name);
	else
		(void)spool_stand_back(s, file, name);
	errno = failed;
	return spool_fail(s, SPOOL_CUR, file);
}

static int
open_claimed(struct spool_envelope *e, struct spool *s, const char *file, const char *name)
{
	int elsewhere;

	if (spool_envelope_open(e, s, SPOOL_CUR, file) < 0)
		return errno == ENOENT ? 1 : put_aside(s, file, name);
	if (e->links < 2)
		return 0;
	elsewhere = spool_claimed_elsewhere(s, spool_unique(name), file);
	if (elsewhere == 0)
		return 0;
	spool_envelope_close(e);
	if (elsewhere < 0)
		return put_aside(s, file, name);
	return spool_stand_back(s, file, name) < 0 ? -1 : 1;
}

int
spool_claim(struct spool_envelope *e, struct spool_runner *r, const struct spool_entry *n)
{
	struct spool *s = r->spool;
	char path[2 * SPOOL_NAME_SIZE], file[SPOOL_CLAIM_SIZE];
	int moved;

	(void)snprintf(path, sizeof path, "%s%s%s", n->broadcast, *n->broadcast ? "/" : "", n->name);
	if (spool_claim_file(file, n->name, r->id) < 0)
		return spool_fail(s, SPOOL_NEW, path);
	moved = spool_move(s, SPOOL_NEW, path, SPOOL_CUR, file);
	if (moved < 0)
		return errno == ENOENT || errno == ENOTDIR ? 1 : -1;
	/* its other name was claimed before, and is in hand, or a stray */
	return moved > 0 ? 1 : open_claimed(e, s, file, n->name);
}

int
spool_envelope_follow(struct spool_envelope *e, const struct spool_runner *r)
{
	char file[SPOOL_CLAIM_SIZE];

	if (spool_claim_file(file, e->name, r->id) < 0)
		return spool_fail(e->spool, SPOOL_CUR, e->file);
	if (spool_move(e->spool, SPOOL_CUR, e->file, SPOOL_CUR, file) < 0)
		return -1;
	memcpy(e->file, file, sizeof e->file);
	return 0;
}

struct strays {
	struct spool_runner *runner;
	struct spool_envelope *const *held;
	size_t count;
	int returned;
	struct spool_trouble trouble;
};

static int
return_stray(void *context, const char *file, enum spool_kind kind)
{
	struct strays *y = context;
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	size_t i;

	if (spool_split_claim(file, name, runner) < 0 || strcmp(runner, y->runner->id) != 0 ||
	    spool_kind(y->runner->spool, SPOOL_CUR, file, kind) != SPOOL_KIND_FILE)
		return 0;
	for (i = 0; i < y->count; i++)
		if (strcmp(y->held[i]->file, file) == 0)
			return 0;
	if (spool_move(y->runner->spool, SPOOL_CUR, file, SPOOL_NEW, name) >= 0)
		y->returned++;
	else if (errno != ENOENT)
		return spool_trouble_note(y->runner->spool, &y->trouble);
	return 0;
}

int
spool_return_strays(struct spool_runner *r, struct spool_envelope *const *held, size_t count)
{
	struct strays y = { .runner = r, .held = held, .count = count };

	if (spool_scan(r->spool, SPOOL_CUR, NULL, 0, return_stray, &y) < 0 ||
	    spool_trouble_end(r->spool, &y.trouble) < 0)
		return -1;
	return y.returned;
}

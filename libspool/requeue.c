/* SPDX-License-Identifier: ISC */
/*
 * What is due: defer/ back to new/, by name alone.  An ORDER that only a wrong
 * clock can have made is mended on the way.  Each step is one rename, so a
 * crash leaves nothing to repair.  What can't be moved now is reported, and
 * does not keep the rest from it.
 */
#include <fcntl.h>
#include <string.h>

#include "internal.h"

struct due {
	struct spool *spool;
	struct spool_round *round;
	uint64_t now;
	const char *inside;             /* the broadcast being looked at, or "" */
	struct spool_trouble trouble;
};

static int
note_failure(struct due *u)
{
	return spool_trouble_note(u->spool, &u->trouble);
}

static int
move_due(struct due *u, const char *name, uint64_t order)
{
	char due[SPOOL_NAME_SIZE];

	if (spool_name(due, order, spool_unique(name)) < 0) {
		(void)spool_fail(u->spool, SPOOL_DEFER, name);
		return note_failure(u);
	}
	if (spool_move(u->spool, SPOOL_DEFER, name, SPOOL_NEW, due) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EACCES && errno != EPERM)
			return note_failure(u);
		spool_strange(u->spool, SPOOL_DEFER, name, strerror(errno));
		return 0;
	}
	u->round->due++;
	return 0;
}

static int
see_deferred(void *context, const char *name, enum spool_kind kind)
{
	struct due *u = context;
	uint64_t order;

	kind = spool_kind(u->spool, SPOOL_DEFER, name, kind);
	if (kind == SPOOL_KIND_UNKNOWN)         /* gone meanwhile */
		return 0;
	if (!spool_is_name(name) || kind != SPOOL_KIND_FILE) {
		spool_strange(u->spool, SPOOL_DEFER, name, "not an envelope");
		return 0;
	}
	order = spool_order(name);
	if (u->round->all_due || order > u->now + SPOOL_DAY)
		return move_due(u, name, u->now);
	return order <= u->now ? move_due(u, name, order) : 0;
}

static int see_ready(void *context, const char *name, enum spool_kind kind);

static int
look_inside(struct due *u, const char *name)
{
	int result;

	u->inside = name;
	result = spool_scan(u->spool, SPOOL_NEW, name, 0, see_ready, u);
	u->inside = "";
	return result == 0 || errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : note_failure(u);
}

static int
repair(struct due *u, const char *name)
{
	char mended[SPOOL_NAME_SIZE], from[2 * SPOOL_NAME_SIZE], to[2 * SPOOL_NAME_SIZE];
	const char *slash = *u->inside != '\0' ? "/" : "";

	if (spool_name(mended, u->now, spool_unique(name)) < 0) {
		(void)spool_fail(u->spool, SPOOL_NEW, name);
		return note_failure(u);
	}
	(void)snprintf(from, sizeof from, "%s%s%s", u->inside, slash, name);
	(void)snprintf(to, sizeof to, "%s%s%s", u->inside, slash, mended);
	if (spool_move(u->spool, SPOOL_NEW, from, SPOOL_NEW, to) < 0)
		return errno == ENOENT || errno == EACCES || errno == EPERM ? 0 : note_failure(u);
	u->round->repaired++;
	return 0;
}

/* What is neither an envelope nor a broadcast is left; a runner reports it. */
static int
see_ready(void *context, const char *name, enum spool_kind kind)
{
	struct due *u = context;
	int ahead, inside = *u->inside != '\0';
	char path[2 * SPOOL_NAME_SIZE];

	if (!spool_is_name(name))
		return 0;
	ahead = spool_order(name) > u->now + ORDER_REPAIR;
	if (inside && !ahead)
		return 0;
	(void)snprintf(path, sizeof path, "%s%s%s", u->inside, inside ? "/" : "", name);
	kind = spool_kind(u->spool, SPOOL_NEW, path, kind);
	if (kind != SPOOL_KIND_FILE && (inside || kind != SPOOL_KIND_DIR))
		return 0;
	if (kind == SPOOL_KIND_DIR)
		(void)look_inside(u, name);
	return ahead ? repair(u, name) : 0;
}

int
spool_requeue_due(struct spool *s, struct spool_round *w)
{
	struct due u = { .spool = s, .round = w, .now = spool_now(), .inside = "" };
	unsigned long before = w->due + w->repaired;

	if (spool_scan(s, SPOOL_DEFER, NULL, 0, see_deferred, &u) < 0)
		(void)note_failure(&u);
	if (spool_scan(s, SPOOL_NEW, NULL, 0, see_ready, &u) < 0)
		(void)note_failure(&u);
	if (w->due + w->repaired > before)
		spool_wake(s);
	return spool_trouble_end(s, &u.trouble);
}

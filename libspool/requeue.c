/* SPDX-License-Identifier: ISC */
/*
 * What is due: defer/ back to new/, by name alone.  An ORDER that only a wrong
 * clock can have made is mended on the way.  Each step is one rename, so a
 * crash leaves nothing to repair.
 */
#include <fcntl.h>
#include <string.h>

#include "internal.h"

struct due {
	struct spool *spool;
	struct spool_round *round;
	uint64_t now;
	const char *inside;             /* the broadcast being looked at, or "" */
};

static int
move_due(struct due *u, const char *name, uint64_t order)
{
	char due[SPOOL_NAME_SIZE];

	if (spool_name(due, order, spool_unique(name)) < 0)
		return spool_fail(u->spool, SPOOL_DEFER, name);
	if (spool_move(u->spool, SPOOL_DEFER, name, SPOOL_NEW, due) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EACCES && errno != EPERM)
			return -1;
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

	if (!spool_is_name(name) || spool_kind(u->spool, SPOOL_DEFER, name, kind) != SPOOL_KIND_FILE) {
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
	struct due inner = *u;

	inner.inside = name;
	if (spool_scan(u->spool, SPOOL_NEW, name, 0, see_ready, &inner) == 0)
		return 0;
	return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
}

static int
repair(struct due *u, const char *name)
{
	char mended[SPOOL_NAME_SIZE], from[2 * SPOOL_NAME_SIZE], to[2 * SPOOL_NAME_SIZE];
	const char *slash = *u->inside != '\0' ? "/" : "";

	if (spool_name(mended, u->now, spool_unique(name)) < 0)
		return spool_fail(u->spool, SPOOL_NEW, name);
	(void)snprintf(from, sizeof from, "%s%s%s", u->inside, slash, name);
	(void)snprintf(to, sizeof to, "%s%s%s", u->inside, slash, mended);
	if (spool_move(u->spool, SPOOL_NEW, from, SPOOL_NEW, to) < 0)
		return errno == ENOENT || errno == EACCES || errno == EPERM ? 0 : -1;
	u->round->repaired++;
	return 0;
}

static int
see_ready(void *context, const char *name, enum spool_kind kind)
{
	struct due *u = context;
	int ahead;

	if (!spool_is_name(name))       /* a runner reports it */
		return 0;
	ahead = spool_order(name) > u->now + ORDER_REPAIR;
	if (*u->inside == '\0' && spool_kind(u->spool, SPOOL_NEW, name, kind) == SPOOL_KIND_DIR &&
	    look_inside(u, name) < 0)
		return -1;
	return ahead ? repair(u, name) : 0;
}

int
spool_requeue_due(struct spool *s, struct spool_round *w)
{
	struct due u = { s, w, spool_now(), "" };
	unsigned long before = w->due + w->repaired;
	int result = spool_scan(s, SPOOL_DEFER, NULL, 0, see_deferred, &u);

	if (result == 0)
		result = spool_scan(s, SPOOL_NEW, NULL, 0, see_ready, &u);
	if (w->due + w->repaired > before)
		spool_wake(s);
	return result;
}

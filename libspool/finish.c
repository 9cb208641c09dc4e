/* SPDX-License-Identifier: ISC */
/*
 * What becomes of a claim: back to new/, to defer/, done/, fail/ or hold/.
 * Marks are synced before the one rename.  A crash before it leaves the claim
 * in cur/; after the rename into done/ and before the unlink it leaves a
 * message whose witness in done/ lets the sweeper remove it.
 */
#include <unistd.h>

#include "internal.h"
#include "count.h"

static int
leave(struct spool_envelope *e, enum spool_dir to, uint64_t order)
{
	char name[SPOOL_NAME_SIZE];

	if (spool_envelope_sync(e) < 0)
		return -1;
	if (spool_name(name, order, spool_unique(e->name)) < 0)
		return spool_fail(e->spool, SPOOL_CUR, e->file);
	if (spool_move(e->spool, SPOOL_CUR, e->file, to, name) < 0)
		return -1;
	spool_envelope_close(e);
	return 0;
}

int
spool_release(struct spool_envelope *e, uint64_t order)
{
	return leave(e, SPOOL_NEW, order != 0 ? order : spool_order(e->name));
}

int
spool_defer(struct spool_envelope *e, uint64_t order)
{
	return leave(e, SPOOL_DEFER, order);
}

int
spool_hold(struct spool_envelope *e)
{
	return leave(e, SPOOL_HOLD, spool_order(e->name));
}

int
spool_finish(struct spool_envelope *e)
{
	struct spool *s = e->spool;
	char unique[SPOOL_UNIQUE_SIZE];
	int failed;

	/* not for leave(), which syncs: what could not be written at once would be counted as still to do */
	if (spool_envelope_sync(e) < 0 || spool_envelope_count(e) < 0)
		return -1;
	if (e->todo > 0) {
		errno = EBUSY;
		return spool_fail(s, SPOOL_CUR, e->file);
	}
	failed = e->failed > 0;
	(void)snprintf(unique, sizeof unique, "%s", spool_unique(e->name));
	if (leave(e, failed ? SPOOL_FAIL : SPOOL_DONE, spool_now()) < 0)
		return -1;
	if (!failed && again_unlinkat(s->dir[SPOOL_MESS], unique, 0) < 0 && errno != ENOENT)
		return spool_fail(s, SPOOL_MESS, unique);
	return 0;
}

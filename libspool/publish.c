/* SPDX-License-Identifier: ISC */
/*
 * Publishing: everything durable first, then one rename, then new/ synced.
 * This is the only way into new/ for a message.  A crash before the rename
 * leaves staging that is swept; after it, the whole of it is delivered, and
 * tmp/.text.* is left to the sweeper.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "stage.h"
#include "witness.h"

void
spool_stage_abort(struct spool_stage *st)
{
	struct spool *s = st->spool;
	char object[SPOOL_PATH_SIZE];
	unsigned long dropped = 0;
	int saved = errno;

	memcpy(object, s->object, sizeof object);
	spool_stage_settle(st);
	if (st->fd >= 0)
		(void)again_close(st->fd);
	st->fd = -1;
	if (st->text_fd >= 0)           /* to look through a broadcast takes a descriptor */
		(void)again_close(st->text_fd);
	st->text_fd = -1;
	/* a rename whose answer got lost is found out here: what has gone is not put away */
	if (!st->renamed)
		(void)spool_put_away(s, st->name, SPOOL_KIND_UNKNOWN, 1, &dropped);
	spool_stage_drop_texts(st);
	memcpy(s->object, object, sizeof object);
	errno = saved;
}

static int
rename_into_new(struct spool_stage *st)
{
	struct spool *s = st->spool;

	if (again_renameat(s->dir[SPOOL_TMP], st->name, s->dir[SPOOL_NEW], st->name) < 0)
		return spool_fail(s, SPOOL_NEW, st->name);
	st->renamed = 1;
	return spool_sync_dir(s, SPOOL_NEW);
}

static int
publish(struct spool_stage *st)
{
	if (spool_stage_next(st) < 0)
		return -1;
	if (st->envelopes == 0) {
		errno = EINVAL;
		return spool_fail(st->spool, SPOOL_TMP, st->name);
	}
	if (spool_stage_sync(st) < 0)
		return -1;
	return rename_into_new(st);
}

int
spool_stage_publish(struct spool_stage *st)
{
	if (publish(st) < 0) {
		spool_stage_abort(st);
		return -1;
	}
	spool_stage_drop_texts(st);
	spool_wake(st->spool);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * Publishing: everything durable first, then one rename, then new/ synced.
 * This is the only way into new/ for a message.  A crash before the rename
 * leaves staging that is swept; after it, the whole of it is delivered, and
 * tmp/.text.* is left to the sweeper.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "stage.h"

/* The text's link goes only while the staged envelope still stands beside it. */
static int
drop_envelope(struct spool *s, const char *path, const char *name)
{
	struct stat st;

	if (!spool_is_name(name))
		return 0;
	if (fstatat(s->dir[SPOOL_TMP], path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	(void)unlinkat(s->dir[SPOOL_MESS], spool_unique(name), 0);
	(void)unlinkat(s->dir[SPOOL_TMP], path, 0);
	return 0;
}

static int
drop_from_broadcast(void *context, const char *name, enum spool_kind kind)
{
	struct spool_stage *st = context;
	char path[2 * SPOOL_NAME_SIZE];

	(void)kind;
	(void)snprintf(path, sizeof path, "%s/%s", st->name, name);
	return drop_envelope(st->spool, path, name);
}

void
spool_stage_abort(struct spool_stage *st)
{
	struct spool *s = st->spool;
	char object[SPOOL_PATH_SIZE];
	int saved = errno;

	memcpy(object, s->object, sizeof object);
	if (st->fd >= 0)
		(void)close(st->fd);
	st->fd = -1;
	if (!st->renamed) {
		if (st->broadcast) {
			(void)spool_scan(s, SPOOL_TMP, st->name, 0, drop_from_broadcast, st);
			(void)unlinkat(s->dir[SPOOL_TMP], st->name, AT_REMOVEDIR);
		} else
			(void)drop_envelope(s, st->name, st->name);
	}
	spool_stage_drop_texts(st);
	memcpy(s->object, object, sizeof object);
	errno = saved;
}

static int
rename_into_new(struct spool_stage *st)
{
	struct spool *s = st->spool;

	if (renameat(s->dir[SPOOL_TMP], st->name, s->dir[SPOOL_NEW], st->name) < 0)
		return spool_fail(s, SPOOL_NEW, st->name);
	st->renamed = 1;
	return spool_sync_dir(s, SPOOL_NEW);
}

int
spool_stage_publish(struct spool_stage *st)
{
	if (spool_stage_next(st) < 0)
		return -1;
	if (st->envelopes == 0) {
		errno = EINVAL;
		return spool_fail(st->spool, SPOOL_TMP, st->name);
	}
	if (spool_stage_sync(st) < 0 || rename_into_new(st) < 0) {
		spool_stage_abort(st);
		return -1;
	}
	spool_stage_drop_texts(st);
	spool_wake(st->spool);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * Sweeping.  A message goes only on a witness of its name with exactly one
 * link: a staged envelope too old to be published, or a finished one that
 * leaves done/.  What is staged is first renamed out of its writer's reach;
 * then message, then witness, so that a crash leaves a witness that another
 * round finishes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define SWEPT       ".sweep."
#define SWEPT_SIZE  (sizeof SWEPT - 1 + 16 + 1) /* `.sweep.RANDOM.` */

struct sweep {
	struct spool *spool;
	struct spool_round *round;
	uint64_t now;
	const char *inside;             /* a swept broadcast */
};

/* D/PATH vouches for mess/UNIQUE of NAME: the message first, then the witness. */
static int
drop_witness(struct sweep *w, enum spool_dir d, const char *path, const char *name)
{
	struct spool *s = w->spool;
	struct stat st;

	if (fstatat(s->dir[d], path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : spool_fail(s, d, path);
	if (st.st_nlink == 1 && spool_is_name(name)) {
		if (unlinkat(s->dir[SPOOL_MESS], spool_unique(name), 0) == 0)
			w->round->swept++;
		else if (errno != ENOENT)
			return spool_fail(s, SPOOL_MESS, spool_unique(name));
	}
	if (unlinkat(s->dir[d], path, 0) < 0 && errno != ENOENT)
		return spool_fail(s, d, path);
	return 0;
}

static int
see_inside(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;
	char path[SPOOL_NAME_SIZE + 600];

	(void)snprintf(path, sizeof path, "%s/%s", w->inside, name);
	if (spool_kind(w->spool, SPOOL_TMP, path, kind) == SPOOL_KIND_DIR)
		return 0;
	return drop_witness(w, SPOOL_TMP, path, name);
}

static int
drop_broadcast(struct sweep *w, const char *swept)
{
	struct sweep inner = *w;

	inner.inside = swept;
	if (spool_scan(w->spool, SPOOL_TMP, swept, 1, see_inside, &inner) < 0)
		return errno == ENOENT ? 0 : -1;
	if (unlinkat(w->spool->dir[SPOOL_TMP], swept, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return spool_fail(w->spool, SPOOL_TMP, swept);
	spool_strange(w->spool, SPOOL_TMP, swept, "something else is in it");
	return 0;
}

static int
finish(struct sweep *w, const char *swept, enum spool_kind kind)
{
	const char *name = swept + SWEPT_SIZE;

	if (spool_kind(w->spool, SPOOL_TMP, swept, kind) == SPOOL_KIND_DIR)
		return drop_broadcast(w, swept);
	w->round->swept++;
	return drop_witness(w, SPOOL_TMP, swept, name);
}

static int
is_swept(const char *name)
{
	return strncmp(name, SWEPT, sizeof SWEPT - 1) == 0 && strlen(name) > SWEPT_SIZE &&
	    name[SWEPT_SIZE - 1] == '.';
}

static int
is_old(struct sweep *w, enum spool_dir d, const char *name)
{
	struct stat st;
	int64_t now = (int64_t)(w->now / SPOOL_SECOND);

	if (fstatat(w->spool->dir[d], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return now - (int64_t)st.st_mtime >= SWEEP_SECONDS;
}

/* A recorded broadcast waits for its rename, however long. */
static int
is_recorded(struct sweep *w, const char *name)
{
	char key[SPOOL_KEY_MAX + 1];
	int recorded = spool_staged_key(w->spool, name, key);

	if (recorded > 0)
		recorded = spool_key_names(w->spool, key, name);
	return recorded < 0 && errno == EBADMSG ? 1 : recorded;
}

static int
see_staged(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;
	struct spool *s = w->spool;
	char swept[sizeof SWEPT + 20 + 260];
	int recorded;

	if (is_swept(name))
		return finish(w, name, kind);
	if (!is_old(w, SPOOL_TMP, name))
		return 0;
	kind = spool_kind(s, SPOOL_TMP, name, kind);
	if (kind == SPOOL_KIND_DIR) {
		recorded = spool_is_name(name) ? is_recorded(w, name) : 1;
		if (recorded != 0)
			return recorded < 0 ? -1 : 0;
	}
	(void)snprintf(swept, sizeof swept, "%s%016" PRIx64 ".%s", SWEPT, spool_random(), name);
	if (strlen(swept) > 255)
		return 0;
	if (renameat(s->dir[SPOOL_TMP], name, s->dir[SPOOL_TMP], swept) < 0)
		return errno == ENOENT ? 0 : spool_fail(s, SPOOL_TMP, name);
	return finish(w, swept, kind);
}

static int
see_done(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;
	uint64_t keep = w->round->keep * SPOOL_DAY;

	if (!spool_is_name(name) || spool_kind(w->spool, SPOOL_DONE, name, kind) != SPOOL_KIND_FILE) {
		spool_strange(w->spool, SPOOL_DONE, name, "not an envelope");
		return 0;
	}
	if (spool_order(name) > w->now || w->now - spool_order(name) < keep)
		return 0;
	if (drop_witness(w, SPOOL_DONE, name, name) < 0)
		return -1;
	w->round->purged++;
	return 0;
}

/* Notes of observers that are gone. */
static int
see_run(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;

	(void)kind;
	if (strncmp(name, ".seen.", 6) != 0 || !is_old(w, SPOOL_RUN, name))
		return 0;
	if (unlinkat(w->spool->dir[SPOOL_RUN], name, 0) < 0 && errno != ENOENT)
		return spool_fail(w->spool, SPOOL_RUN, name);
	return 0;
}

int
spool_sweep(struct spool *s, struct spool_round *r)
{
	struct sweep w = { s, r, spool_now(), "" };

	if (spool_scan(s, SPOOL_TMP, NULL, 1, see_staged, &w) < 0 ||
	    spool_scan(s, SPOOL_DONE, NULL, 0, see_done, &w) < 0)
		return -1;
	return spool_scan(s, SPOOL_RUN, NULL, 1, see_run, &w);
}

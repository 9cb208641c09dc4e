/* SPDX-License-Identifier: ISC */
/*
 * Taking away what is staged or finished.  A message goes only on a witness of
 * its name with exactly one link.  What is staged is first renamed out of its
 * writer's reach; then message, then witness, so that a crash leaves a witness
 * under a `.sweep.` name that any later round finishes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "witness.h"

#define SWEPT      ".sweep."
#define SWEPT_SIZE (sizeof SWEPT - 1 + 16 + 1)  /* `.sweep.RANDOM.` */

struct dropping {
	struct spool *spool;
	const char *inside;             /* a broadcast, by its present name in tmp/ */
	unsigned long *dropped;
};

int
spool_drop_witness(struct spool *s, enum spool_dir d, const char *path, const char *name,
    unsigned long *dropped)
{
	struct stat st;

	if (again_fstatat(s->dir[d], path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : spool_fail(s, d, path);
	if (st.st_nlink == 1 && S_ISREG(st.st_mode) && spool_is_name(name)) {
		if (again_unlinkat(s->dir[SPOOL_MESS], spool_unique(name), 0) == 0)
			++*dropped;
		else if (errno != ENOENT)
			return spool_fail(s, SPOOL_MESS, spool_unique(name));
	}
	if (again_unlinkat(s->dir[d], path, 0) < 0 && errno != ENOENT)
		return spool_fail(s, d, path);
	return 0;
}

static int
see_inside(void *context, const char *name, enum spool_kind kind)
{
	struct dropping *g = context;
	char path[SPOOL_NAME_SIZE + 600];

	(void)snprintf(path, sizeof path, "%s/%s", g->inside, name);
	if (spool_kind(g->spool, SPOOL_TMP, path, kind) == SPOOL_KIND_DIR)
		return 0;
	return spool_drop_witness(g->spool, SPOOL_TMP, path, name, g->dropped);
}

static int
drop_broadcast(struct spool *s, const char *path, unsigned long *dropped)
{
	struct dropping g = { s, path, dropped };

	/* an empty one goes without the descriptor that its writer may have lacked */
	if (again_unlinkat(s->dir[SPOOL_TMP], path, AT_REMOVEDIR) == 0)
		return 0;
	if (spool_scan(s, SPOOL_TMP, path, 1, see_inside, &g) < 0)
		return errno == ENOENT ? 0 : -1;
	if (again_unlinkat(s->dir[SPOOL_TMP], path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return spool_fail(s, SPOOL_TMP, path);
	spool_strange(s, SPOOL_TMP, path, "something else is in it");
	return 0;
}

static int
drop(struct spool *s, const char *path, const char *name, enum spool_kind kind, unsigned long *dropped)
{
	if (kind == SPOOL_KIND_DIR)
		return drop_broadcast(s, path, dropped);
	++*dropped;
	return spool_drop_witness(s, SPOOL_TMP, path, name, dropped);
}

int
spool_is_swept(const char *name)
{
	return strncmp(name, SWEPT, sizeof SWEPT - 1) == 0 && strlen(name) > SWEPT_SIZE &&
	    name[SWEPT_SIZE - 1] == '.';
}

int
spool_finish_swept(struct spool *s, const char *swept, enum spool_kind kind, unsigned long *dropped)
{
	return drop(s, swept, swept + SWEPT_SIZE, spool_kind(s, SPOOL_TMP, swept, kind), dropped);
}

int
spool_put_away(struct spool *s, const char *name, enum spool_kind kind, int own, unsigned long *dropped)
{
	char swept[SWEPT_SIZE + 256];

	(void)snprintf(swept, sizeof swept, "%s%016" PRIx64 ".%.255s", SWEPT, spool_random(), name);
	kind = spool_kind(s, SPOOL_TMP, name, kind);
	if (strlen(swept) > 255) {
		spool_strange(s, SPOOL_TMP, name, "its name is too long to be swept");
		return 0;
	}
	if (again_renameat(s->dir[SPOOL_TMP], name, s->dir[SPOOL_TMP], swept) == 0)
		return drop(s, swept, name, kind, dropped);
	if (errno == ENOENT)
		return 0;
	/* a full disk has no room for another name; its writer knows that nobody else uses it */
	if (own && (errno == ENOSPC || errno == EDQUOT))
		return drop(s, name, name, kind, dropped);
	return spool_fail(s, SPOOL_TMP, name);
}

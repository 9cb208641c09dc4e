/* SPDX-License-Identifier: ISC */
/*
 * The envelopes of a directory, and whatever else lies there, by name and kind
 * alone.  Nothing is followed, nothing is opened.
 */
#include <errno.h>
#include <string.h>

#include "status.h"

struct walk {
	struct spool *spool;
	const struct walker *walker;
	enum spool_dir dir;
	const char *inside;             /* the broadcast, or "" */
};

static int see(void *context, const char *name, enum spool_kind kind);

static void
strange(struct walk *k, const char *file, const char *reason)
{
	k->walker->strange(k->walker->context, k->dir, file, reason);
}

static int
look_inside(struct walk *k, const char *name)
{
	struct walk inner = *k;

	k->walker->broadcast(k->walker->context, k->dir, name);
	inner.inside = name;
	if (spool_scan(k->spool, k->dir, name, 0, see, &inner) == 0 || errno == ENOENT)
		return 0;
	if (errno != EACCES && errno != ENOTDIR && errno != ELOOP)
		return -1;
	strange(k, name, strerror(errno));
	return 0;
}

static int
is_known(struct place *p, const char *name)
{
	p->runner[0] = '\0';
	if (p->dir == SPOOL_CUR)
		return spool_split_claim(name, p->name, p->runner) == 0;
	(void)snprintf(p->name, sizeof p->name, "%s", name);
	return spool_is_name(name);
}

static int
see(void *context, const char *name, enum spool_kind kind)
{
	struct walk *k = context;
	char file[SPOOL_NAME_SIZE + 260];
	struct place p = { .dir = k->dir, .file = file };
	int broadcasts = *k->inside == '\0' && (k->dir == SPOOL_NEW || k->dir == SPOOL_HOLD);

	(void)snprintf(file, sizeof file, "%s%s%s", k->inside, *k->inside != '\0' ? "/" : "", name);
	kind = spool_kind(k->spool, k->dir, file, kind);
	if (kind == SPOOL_KIND_UNKNOWN)         /* it has just gone */
		return 0;
	if (!is_known(&p, name))
		strange(k, file, "not a name that belongs here");
	else if (kind == SPOOL_KIND_FILE)
		k->walker->envelope(k->walker->context, &p);
	else if (kind == SPOOL_KIND_DIR && broadcasts)
		return look_inside(k, name);
	else
		strange(k, file, kind == SPOOL_KIND_DIR ? "a directory" : "not a plain file");
	return 0;
}

int
walk(struct spool *s, enum spool_dir d, const struct walker *w)
{
	struct walk k = { s, w, d, "" };

	return spool_scan(s, d, NULL, 0, see, &k);
}

/* SPDX-License-Identifier: ISC */
/* How much there is in a directory, by its names alone. */
#include <string.h>

#include "internal.h"

struct tally {
	struct spool *spool;
	enum spool_dir dir;
	struct spool_count *count;
	int inside;
};

static int
see(void *context, const char *file, enum spool_kind kind)
{
	struct tally *t = context, inner;
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	int known = t->dir == SPOOL_CUR ? spool_split_claim(file, name, runner) == 0 : spool_is_name(file);

	if (!known) {
		t->count->strangers++;
		return 0;
	}
	if (!t->inside && t->dir != SPOOL_CUR &&
	    spool_kind(t->spool, t->dir, file, kind) == SPOOL_KIND_DIR) {
		t->count->broadcasts++;
		inner = *t;
		inner.inside = 1;
		if (spool_scan(t->spool, t->dir, file, 0, see, &inner) < 0)
			return errno == ENOENT || errno == EACCES ? 0 : -1;
		return 0;
	}
	t->count->envelopes++;
	if (t->count->oldest == 0 || spool_order(file) < t->count->oldest)
		t->count->oldest = spool_order(file);
	return 0;
}

int
spool_count(struct spool *s, enum spool_dir d, struct spool_count *n)
{
	struct tally t = { s, d, n, 0 };

	memset(n, 0, sizeof *n);
	return spool_scan(s, d, NULL, 0, see, &t);
}

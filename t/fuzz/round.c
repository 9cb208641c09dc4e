/* SPDX-License-Identifier: ISC */
/*
 * A round of requeueing, and a consumer, in a spool that anybody has filled: what has a UNIQUE of
 * its own keeps it and at least one name, and nothing outside is touched.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "spool.h"

#define NAMES 64

struct names {
	size_t count;
	int twice;                      /* a UNIQUE that two files have: one may replace the other */
	char unique[NAMES][SPOOL_UNIQUE_SIZE];
};

static const enum spool_dir work[] = { SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_HOLD };

struct reading {
	struct names *names;
	struct spool *spool;
	enum spool_dir dir;
	const char *below;
};

static int
has(const struct names *n, const char *unique)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (strcmp(n->unique[i], unique) == 0)
			return 1;
	return 0;
}

static int
see(void *context, const char *file, enum spool_kind kind)
{
	struct reading *r = context;
	struct reading inner = *r;
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	char path[600];

	(void)snprintf(path, sizeof path, "%s%s%s", r->below != NULL ? r->below : "",
	    r->below != NULL ? "/" : "", file);
	kind = spool_kind(r->spool, r->dir, path, kind);
	inner.below = file;
	if (kind == SPOOL_KIND_DIR && r->below == NULL && spool_is_name(file))
		return spool_scan(r->spool, r->dir, file, 0, see, &inner);
	if (kind != SPOOL_KIND_FILE || r->names->count == NAMES)
		return 0;
	if (spool_split_claim(file, name, runner) < 0)
		(void)snprintf(name, sizeof name, "%.*s", (int)sizeof name - 1, file);
	if (strlen(file) >= sizeof name + sizeof runner || !spool_is_name(name))
		return 0;
	r->names->twice |= has(r->names, spool_unique(name));
	memcpy(r->names->unique[r->names->count++], spool_unique(name), strlen(spool_unique(name)) + 1);
	return 0;
}

static void
read_names(struct names *n, const enum spool_dir *dirs, size_t count)
{
	struct reading r = { n, place_spool(), SPOOL_NEW, NULL };
	size_t i;

	for (i = 0; i < count; i++) {
		r.dir = dirs[i];
		must(spool_scan(r.spool, r.dir, NULL, 0, see, &r) == 0);
	}
}

static void
hear(void *context, const char *object, const char *reason)
{
	(void)context;
	must(*object != '\0' && *reason != '\0');
}

static void
make_round(struct spool *s, int all)
{
	struct spool_round w = { .all_due = all, .lease = 0, .keep = 7, .tell = hear };
	struct spool_runner me;

	must(spool_runner_join(&me, s, "requeue") == 0);
	(void)spool_complete_keys(s);
	(void)spool_requeue_dead(&me, &w);
	(void)spool_requeue_due(s, &w);
	(void)spool_sweep(s, &w);
	(void)spool_return_strays(&me, NULL, 0);
	must(spool_runner_leave(&me) == 0);
	spool_round_end(&w);
}

static void
let_go(struct spool_envelope *e, unsigned how)
{
	int result = how % 3 == 0 ? spool_release(e, 0) : how % 3 == 1 ? spool_hold(e) :
	    e->todo == 0 ? spool_finish(e) : spool_defer(e, spool_now() + SPOOL_SECOND);

	if (result < 0)
		spool_envelope_close(e);
}

static void
consume(struct spool *s)
{
	struct spool_snapshot *n = spool_snapshot_new();
	struct spool_envelope e;
	struct spool_entry entry;
	struct spool_runner me;
	unsigned how = 0;

	must(n != NULL && spool_runner_join(&me, s, "runner") == 0);
	if (spool_snapshot_read(n, s) == 0)
		while (spool_snapshot_take(n, 1, &entry))
			if (spool_claim(&e, &me, &entry) == 0)
				let_go(&e, how++);
	spool_snapshot_free(n);
	must(spool_runner_leave(&me) == 0);
}

static void
check_kept(const struct names *before)
{
	static const enum spool_dir all[] = {
		SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_HOLD, SPOOL_DONE
	};
	static struct names after;
	size_t i;

	after.count = 0;
	read_names(&after, all, sizeof all / sizeof *all);
	if (before->twice || before->count == NAMES || after.count == NAMES)
		return;
	for (i = 0; i < before->count; i++)
		must(has(&after, before->unique[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct octets o = { data, length };
	struct spool *s = place_spool();
	static struct names before;
	int all = (int)(octet(&o) & 1);

	s->stranger = hear;
	hostile_fill(&o);
	before.count = 0;
	before.twice = 0;
	read_names(&before, work, sizeof work / sizeof *work);
	make_round(s, all);
	consume(s);
	check_kept(&before);
	place_look();
	place_clean();
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * Sweeping: staging too old to be published, the ledger past its days, and
 * notes of observers that are gone.  What can't be swept now is reported, and
 * does not keep the rest from it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "witness.h"

struct sweep {
	struct spool *spool;
	struct spool_round *round;
	uint64_t now;
	struct spool_trouble trouble;
};

/* 1, 0, or -1 if that can't be known. */
static int
is_old(struct sweep *w, enum spool_dir d, const char *name)
{
	struct stat st;
	int64_t now = (int64_t)(w->now / SPOOL_SECOND);

	if (again_fstatat(w->spool->dir[d], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : spool_fail(w->spool, d, name);
	return now - (int64_t)st.st_mtime >= SWEEP_SECONDS;
}

/* A recorded broadcast waits for its rename, however long; so does one that can't be read now. */
static int
may_go(struct sweep *w, const char *name)
{
	char key[SPOOL_KEY_MAX + 1];
	int recorded;

	if (*name == '.')               /* nobody's business */
		return 0;
	if (!spool_is_name(name)) {
		spool_strange(w->spool, SPOOL_TMP, name, "neither an envelope nor a broadcast");
		return 0;
	}
	recorded = spool_staged_key(w->spool, name, key);
	if (recorded > 0)
		recorded = spool_key_names(w->spool, key, name);
	if (recorded < 0 && errno == EBADMSG) {
		spool_strange(w->spool, SPOOL_SENT, key, "not a record of a key");
		return 0;
	}
	return recorded < 0 ? -1 : !recorded;
}

static int
sweep_staged(struct sweep *w, const char *name, enum spool_kind kind)
{
	int old;

	if (spool_is_swept(name))
		return spool_finish_swept(w->spool, name, kind, &w->round->swept);
	old = is_old(w, SPOOL_TMP, name);
	if (old <= 0)
		return old;
	if (spool_kind(w->spool, SPOOL_TMP, name, kind) == SPOOL_KIND_DIR) {
		old = may_go(w, name);
		if (old <= 0)
			return old;
	}
	return spool_put_away(w->spool, name, kind, 0, &w->round->swept);
}

static int
see_staged(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;

	return sweep_staged(w, name, kind) == 0 ? 0 : spool_trouble_note(w->spool, &w->trouble);
}

/* Finished by a clock that was far ahead: the days that it is kept begin now. */
static int
mend_done(struct sweep *w, const char *name)
{
	char mended[SPOOL_NAME_SIZE];

	if (spool_name(mended, w->now, spool_unique(name)) < 0)
		return spool_fail(w->spool, SPOOL_DONE, name);
	if (spool_move(w->spool, SPOOL_DONE, name, SPOOL_DONE, mended) < 0)
		return errno == ENOENT ? 0 : spool_trouble_note(w->spool, &w->trouble);
	w->round->repaired++;
	return 0;
}

static int
see_done(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;
	uint64_t keep = w->round->keep * SPOOL_DAY;

	kind = spool_kind(w->spool, SPOOL_DONE, name, kind);
	if (kind == SPOOL_KIND_UNKNOWN)
		return 0;
	if (!spool_is_name(name) || kind != SPOOL_KIND_FILE) {
		spool_strange(w->spool, SPOOL_DONE, name, "not an envelope");
		return 0;
	}
	if (spool_order(name) > w->now + ORDER_REPAIR)
		return mend_done(w, name);
	if (spool_order(name) > w->now || w->now - spool_order(name) < keep)
		return 0;
	if (spool_drop_witness(w->spool, SPOOL_DONE, name, name, &w->round->swept) < 0)
		return spool_trouble_note(w->spool, &w->trouble);
	w->round->purged++;
	return 0;
}

/* Notes of observers that are gone. */
static int
see_run(void *context, const char *name, enum spool_kind kind)
{
	struct sweep *w = context;

	(void)kind;
	if (strncmp(name, ".seen.", 6) != 0 || is_old(w, SPOOL_RUN, name) <= 0)
		return 0;
	if (again_unlinkat(w->spool->dir[SPOOL_RUN], name, 0) < 0 && errno != ENOENT)
		return spool_fail(w->spool, SPOOL_RUN, name);
	return 0;
}

int
spool_sweep(struct spool *s, struct spool_round *r)
{
	struct sweep w = { .spool = s, .round = r, .now = spool_now() };

	if (spool_scan(s, SPOOL_TMP, NULL, 1, see_staged, &w) < 0)
		(void)spool_trouble_note(s, &w.trouble);
	if (spool_scan(s, SPOOL_DONE, NULL, 0, see_done, &w) < 0)
		(void)spool_trouble_note(s, &w.trouble);
	if (spool_scan(s, SPOOL_RUN, NULL, 1, see_run, &w) < 0)
		(void)spool_trouble_note(s, &w.trouble);
	return spool_trouble_end(s, &w.trouble);
}

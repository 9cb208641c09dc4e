/* SPDX-License-Identifier: ISC */
/* One look at everything.  The spool goes on meanwhile: what moves may be seen twice, or not. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "anew.h"
#include "die.h"
#include "status.h"

struct look {
	struct picture *picture;
	struct spool *spool;
};

static int
see_peer(void *context, const struct spool_peer *peer)
{
	struct picture *p = context;
	struct runner *r;

	if (p->runners < RUNNERS_MAX) {
		r = &p->runner[p->runners];
		r->peer = *peer;
		r->probe = spool_peer_probe(peer);
		r->claims = 0;
	}
	p->runners++;
	return 0;
}

static void
see_strange_file(void *context, const char *object, const char *reason)
{
	struct picture *p = context;

	(void)object;
	(void)reason;
	p->dir[SPOOL_RUN].strange++;
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct runner *)a)->peer.id, ((const struct runner *)b)->peer.id);
}

static int
look_at_runners(struct picture *p, struct spool *s)
{
	int result;

	s->stranger = see_strange_file;
	s->context = p;
	result = spool_peers(s, see_peer, p);
	s->stranger = NULL;
	qsort(p->runner, p->runners < RUNNERS_MAX ? p->runners : RUNNERS_MAX, sizeof *p->runner,
	    by_id);
	return result;
}

static int
see_message(void *context, const char *name, enum spool_kind kind)
{
	struct look *l = context;
	char whole[SPOOL_NAME_SIZE];

	kind = spool_kind(l->spool, SPOOL_MESS, name, kind);
	if (kind == SPOOL_KIND_FILE && spool_name(whole, 0, name) == 0)
		l->picture->messages++;
	else if (kind != SPOOL_KIND_UNKNOWN)
		l->picture->dir[SPOOL_MESS].strange++;
	return 0;
}

static int
see_record(void *context, const char *name, enum spool_kind kind)
{
	struct look *l = context;

	kind = spool_kind(l->spool, SPOOL_SENT, name, kind);
	if (kind == SPOOL_KIND_FILE && spool_is_key(name))
		l->picture->records++;
	else if (kind != SPOOL_KIND_UNKNOWN)
		l->picture->dir[SPOOL_SENT].strange++;
	return 0;
}

static int
see_staged(void *context, const char *name, enum spool_kind kind)
{
	struct look *l = context;
	struct stat st;

	(void)kind;
	if (anew_fstatat(l->spool->dir[SPOOL_TMP], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	l->picture->staged++;
	l->picture->staged_old +=
	    (int64_t)(l->picture->now / SPOOL_SECOND) - (int64_t)st.st_mtime >= OLD_SECONDS;
	return 0;
}

static int
look_at_room(struct picture *p, struct spool *s)
{
	struct statvfs fs;

	if (anew_fstatvfs(s->dir[SPOOL_TMP], &fs) < 0)
		return -1;
	p->room = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
	p->room_all = (uint64_t)fs.f_blocks * (uint64_t)fs.f_frsize;
	p->inodes = (uint64_t)fs.f_favail;
	p->inodes_all = (uint64_t)fs.f_files;
	p->enough_room = spool_room(s) == 0;
	return 0;
}

void
picture_take(struct picture *p, struct spool *s)
{
	/* what is at work first: a table that is full knows the living ones */
	static const enum spool_dir dirs[] = {
		SPOOL_CUR, SPOOL_NEW, SPOOL_DEFER, SPOOL_HOLD, SPOOL_FAIL, SPOOL_DONE
	};
	struct look l = { p, s };
	size_t i;

	memset(p, 0, sizeof *p);
	p->now = spool_now();
	p->paused = spool_paused(s);
	if (p->paused < 0 || look_at_runners(p, s) < 0)
		die_spool(s, NULL);
	for (i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (contents_read(p, s, dirs[i]) < 0)
			die_spool(s, NULL);
	if (spool_scan(s, SPOOL_MESS, NULL, 0, see_message, &l) < 0 ||
	    spool_scan(s, SPOOL_SENT, NULL, 0, see_record, &l) < 0 ||
	    spool_scan(s, SPOOL_TMP, NULL, 1, see_staged, &l) < 0 ||
	    look_at_room(p, s) < 0 || orphans_find(p, s) < 0)
		die_spool(s, NULL);
}

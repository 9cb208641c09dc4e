/* SPDX-License-Identifier: ISC */
/*
 * Keys: sent/KEY names the one broadcast that was or will be sent under KEY.
 * The link is the commit.  Before it a crash leaves staging that is swept;
 * after it tmp/B is published by whoever meets it, and never swept.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "stage.h"

#define RECORD_SIZE 512

struct record {
	char broadcast[SPOOL_NAME_SIZE];
	char sums[128];
};

/* 1 read, 0 there is none, -1 (EBADMSG: it is no record). */
static int
read_record(struct spool *s, const char *key, struct record *r)
{
	char text[RECORD_SIZE];

	if (spool_slurp(s->dir[SPOOL_SENT], key, text, sizeof text) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == ELOOP || errno == EISDIR || errno == ENXIO || errno == ESPIPE ||
		    errno == EFBIG)
			errno = EBADMSG;        /* no file, or none of a record's size */
		return spool_fail(s, SPOOL_SENT, key);
	}
	if (strncmp(text, "ml1\n", 4) == 0 &&
	    spool_line_value(text, "broadcast", r->broadcast, sizeof r->broadcast) &&
	    spool_line_value(text, "sums", r->sums, sizeof r->sums) && spool_is_name(r->broadcast))
		return 1;
	errno = EBADMSG;
	return spool_fail(s, SPOOL_SENT, key);
}

int
spool_key_names(struct spool *s, const char *key, const char *broadcast)
{
	struct record r;
	int found = read_record(s, key, &r);

	return found > 0 ? strcmp(r.broadcast, broadcast) == 0 : found;
}

static int
write_record(struct spool_stage *st, const char *sums, char file[SPOOL_NAME_SIZE])
{
	struct spool *s = st->spool;
	char text[RECORD_SIZE];
	int n = snprintf(text, sizeof text, "ml1\nbroadcast %s\nsums %s\n", st->name, sums);
	int fd, failed;

	if (n < 0 || (size_t)n >= sizeof text || strlen(sums) >= sizeof((struct record *)0)->sums) {
		errno = EINVAL;
		return spool_fail(s, SPOOL_TMP, st->name);
	}
	(void)snprintf(file, SPOOL_NAME_SIZE, ".key.%.82s", st->unique);
	fd = spool_create(s, SPOOL_TMP, file, O_WRONLY);
	if (fd < 0)
		return -1;
	failed = spool_write_all(fd, text, (size_t)n) < 0 || again_fsync(fd) < 0 ? errno : 0;
	if (again_close(fd) < 0 && failed == 0)
		failed = errno;
	if (failed == 0)
		return 0;
	(void)again_unlinkat(s->dir[SPOOL_TMP], file, 0);
	errno = failed;
	return spool_fail(s, SPOOL_TMP, file);
}

/* Somebody else may have done the rename: then it is done. */
static int
complete(struct spool *s, const char *broadcast)
{
	if (spool_sync_dir(s, SPOOL_SENT) < 0)
		return -1;
	if (again_renameat(s->dir[SPOOL_TMP], broadcast, s->dir[SPOOL_NEW], broadcast) < 0 && errno != ENOENT)
		return spool_fail(s, SPOOL_NEW, broadcast);
	return spool_sync_dir(s, SPOOL_NEW);
}

/* What a record says of our own broadcast: 0 ours, 1 somebody else's, -1 (ENOENT: there is none). */
static int
whose(struct spool_stage *st, const char *key, struct record *r)
{
	int found = read_record(st->spool, key, r);

	if (found > 0)
		return strcmp(r->broadcast, st->name) != 0;
	if (found == 0)
		errno = ENOENT;
	return spool_fail(st->spool, SPOOL_SENT, key);
}

static int
is_plain_refusal(int failed)
{
	return failed == ENOSPC || failed == EDQUOT || failed == EACCES || failed == EPERM ||
	    failed == EROFS || failed == EMLINK;
}

/* 0: the record is ours.  1: R is somebody else's.  -1: there is none, or, with st->renamed set,
   nobody knows: then the staging must stay for whoever can read the record. */
static int
commit(struct spool_stage *st, const char *key, const char *file, struct record *r)
{
	struct spool *s = st->spool;
	int tries, failed, found;

	for (tries = 0; tries < 3; tries++) {
		if (spool_stage_in_time(st) < 0)
			return -1;
		if (again_linkat(s->dir[SPOOL_TMP], file, s->dir[SPOOL_SENT], key, 0) == 0)
			return 0;
		failed = errno;
		found = whose(st, key, r);
		if (found >= 0)
			return found;
		if (failed == EEXIST && errno == ENOENT)
			continue;               /* the operator has just removed it */
		st->renamed = errno != ENOENT ? failed != EEXIST : !is_plain_refusal(failed);
		if (failed != EEXIST)
			errno = failed;
		break;
	}
	return spool_fail(s, SPOOL_SENT, key);
}

/* Our own broadcast, just committed.  Gone already means that another completed it, but for a
   writer that is so late that it may have been swept: that one must not say that it was sent. */
static int
complete_own(struct spool_stage *st, const char *key)
{
	struct spool *s = st->spool;

	if (spool_sync_dir(s, SPOOL_SENT) < 0)
		return -1;
	if (again_renameat(s->dir[SPOOL_TMP], st->name, s->dir[SPOOL_NEW], st->name) < 0) {
		if (errno != ENOENT)
			return spool_fail(s, SPOOL_NEW, st->name);
		if (spool_stage_in_time(st) < 0) {
			(void)again_unlinkat(s->dir[SPOOL_SENT], key, 0);
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return spool_sync_dir(s, SPOOL_NEW);
}

static int
lose(struct spool_stage *st, const struct record *r, const char *sums)
{
	spool_stage_abort(st);
	if (complete(st->spool, r->broadcast) < 0)
		return -1;
	spool_wake(st->spool);
	(void)snprintf(st->name, sizeof st->name, "%s", r->broadcast);
	return strcmp(r->sums, sums) == 0 ? 1 : 2;
}

static int
prepare(struct spool_stage *st, const char *key, const char *sums, char file[SPOOL_NAME_SIZE])
{
	if (spool_stage_next(st) < 0)
		return -1;
	if (!st->broadcast || st->envelopes == 0 || !spool_is_key(key)) {
		errno = EINVAL;
		return spool_fail(st->spool, SPOOL_TMP, st->name);
	}
	if (spool_stage_sync(st) < 0 || spool_sync_dir(st->spool, SPOOL_TMP) < 0)
		return -1;
	return write_record(st, sums, file);
}

int
spool_stage_publish_key(struct spool_stage *st, const char *key, const char *sums)
{
	struct spool *s = st->spool;
	char file[SPOOL_NAME_SIZE];
	struct record r;
	int lost, saved;

	if (prepare(st, key, sums, file) < 0) {
		spool_stage_abort(st);
		return -1;
	}
	lost = commit(st, key, file, &r);
	saved = errno;
	(void)again_unlinkat(s->dir[SPOOL_TMP], file, 0);
	errno = saved;
	if (lost < 0)
		spool_stage_abort(st);
	if (lost != 0)
		return lost < 0 ? -1 : lose(st, &r, sums);
	st->renamed = 1;                /* committed: whoever comes next completes it */
	spool_stage_drop_texts(st);
	if (complete_own(st, key) < 0)
		return -1;
	spool_wake(s);
	return 0;
}

int
spool_stage_yield_key(struct spool_stage *st, const char *key)
{
	struct record r;
	int found = read_record(st->spool, key, &r);

	if (found <= 0)
		return found;
	return lose(st, &r, r.sums);
}

struct staged {
	struct spool *spool;
	const char *broadcast;
	char *key;
	struct spool_trouble trouble;
};

enum { NO_KEY = 2 };                    /* an envelope was read, and has none */

/* What of PATH in tmp/ a head can be, NUL-terminated: its length, 0 if it is gone, -1. */
static ssize_t
read_head(struct spool *s, const char *path, char text[HEAD_MAX + 1])
{
	int fd = again_openat(s->dir[SPOOL_TMP], path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;
	int saved;

	text[0] = '\0';
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : spool_fail(s, SPOOL_TMP, path);
	n = spool_pread_all(fd, text, HEAD_MAX, 0);
	saved = errno;
	(void)again_close(fd);
	errno = saved;
	if (n < 0)
		return spool_fail(s, SPOOL_TMP, path);
	text[n] = '\0';
	return n;
}

static int
read_key(void *context, const char *name, enum spool_kind kind)
{
	struct staged *g = context;
	char path[2 * SPOOL_NAME_SIZE], text[HEAD_MAX + 1];
	char *end;
	ssize_t n;

	(void)kind;
	if (!spool_is_name(name))
		return 0;
	(void)snprintf(path, sizeof path, "%s/%s", g->broadcast, name);
	n = read_head(g->spool, path, text);
	if (n < 0)
		return spool_trouble_note(g->spool, &g->trouble);
	end = strstr(text, "\n\n");
	if (end != NULL) {
		*end = '\0';
		return spool_line_value(text, "key", g->key, SPOOL_KEY_MAX + 1) && spool_is_key(g->key) ?
		    1 : NO_KEY;
	}
	if (strlen(text) < HEAD_MAX)    /* not written to its end: the next one may be */
		return 0;
	errno = EMSGSIZE;               /* its key may stand behind what was read */
	(void)spool_fail(g->spool, SPOOL_TMP, path);
	return spool_trouble_note(g->spool, &g->trouble);
}

int
spool_staged_key(struct spool *s, const char *broadcast, char key[SPOOL_KEY_MAX + 1])
{
	struct staged g = { .spool = s, .broadcast = broadcast, .key = key };
	int found = spool_scan(s, SPOOL_TMP, broadcast, 0, read_key, &g);

	key[found == 1 ? strlen(key) : 0] = '\0';
	if (found < 0)
		return errno == ENOENT ? 0 : -1;
	if (found == 1 || found == NO_KEY)
		return found == 1;
	/* what could not be read may have one */
	return spool_trouble_end(s, &g.trouble);
}

struct completion {
	struct spool *spool;
	int count;
	struct spool_trouble trouble;
};

static int
complete_if_recorded(struct completion *c, const char *name)
{
	struct spool *s = c->spool;
	char key[SPOOL_KEY_MAX + 1];
	int recorded = spool_staged_key(s, name, key);

	if (recorded > 0)
		recorded = spool_key_names(s, key, name);
	if (recorded < 0 && errno == EBADMSG) {
		spool_strange(s, SPOOL_SENT, key, "not a record of a key");
		return 0;
	}
	if (recorded <= 0)
		return recorded;
	if (complete(s, name) < 0)
		return -1;
	c->count++;
	spool_wake(s);
	return 0;
}

static int
see_staged(void *context, const char *name, enum spool_kind kind)
{
	struct completion *c = context;

	if (!spool_is_name(name) || spool_kind(c->spool, SPOOL_TMP, name, kind) != SPOOL_KIND_DIR)
		return 0;
	return complete_if_recorded(c, name) == 0 ? 0 : spool_trouble_note(c->spool, &c->trouble);
}

int
spool_complete_keys(struct spool *s)
{
	struct completion c = { .spool = s };

	if (spool_scan(s, SPOOL_TMP, NULL, 0, see_staged, &c) < 0)
		return -1;
	return spool_trouble_end(s, &c.trouble) < 0 ? -1 : c.count;
}

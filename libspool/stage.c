/* SPDX-License-Identifier: ISC */
/*
 * Staging: the text, then one envelope after another as tmp/NAME, or as
 * tmp/BROADCAST/NAME.  A staged envelope stands in tmp/ before its text is
 * linked into mess/, whoever writes it, so that what a crash leaves has a
 * witness there and is swept.  Nothing here is visible to a runner.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "behind.h"
#include "internal.h"
#include "stage.h"
#include "sync.h"

#define STAGE_ALONE 32          /* envelopes before a thread helps */

static int
make_broadcast(struct spool_stage *st)
{
	struct spool *s = st->spool;
	int fd, result, saved;

	if (spool_mkdir(s->dir[SPOOL_TMP], st->name, spool_dir_mode(s)) < 0)
		return spool_fail(s, SPOOL_TMP, st->name);
	fd = again_openat(s->dir[SPOOL_TMP], st->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return spool_fail(s, SPOOL_TMP, st->name);
	result = spool_own(s, fd, spool_dir_mode(s));
	saved = errno;
	(void)again_close(fd);
	errno = saved;
	return result == 0 ? 0 : spool_fail(s, SPOOL_TMP, st->name);
}

int
spool_stage_begin(struct spool_stage *st, struct spool *s, int broadcast)
{
	memset(st, 0, offsetof(struct spool_stage, buffer));
	st->to = st->buffer;
	st->spool = s;
	st->broadcast = broadcast;
	st->fd = st->text_fd = -1;
	st->begun = spool_uptime();
	st->born = spool_now();
	if (spool_new_unique(st->unique) < 0 || spool_name(st->name, st->born, st->unique) < 0)
		return spool_fail(s, SPOOL_TMP, NULL);
	if (broadcast && make_broadcast(st) < 0) {
		spool_stage_abort(st);
		return -1;
	}
	if (spool_stage_open_text(st) == 0)
		return 0;
	spool_stage_abort(st);
	return -1;
}

/* Broadcasts may wait for one sync of everything; one envelope is synced by itself. */
static int
syncs_later(const struct spool_stage *st)
{
	return st->broadcast && st->spool->whole_sync;
}

int
spool_stage_sync_now(struct spool_stage *st, int fd, const char *name)
{
	if (syncs_later(st))
		return 0;
	return again_fsync(fd) == 0 ? 0 : spool_fail(st->spool, SPOOL_TMP, name);
}

static uint64_t
next_order(const struct spool_stage *st)
{
	uint64_t ahead = ORDER_SPAN;

	if (st->rcpts < ORDER_SPAN / RCPT_SPACING)
		ahead = st->rcpts * RCPT_SPACING;
	return st->born + ahead;
}

int
spool_stage_unique(const struct spool_stage *st, unsigned long k, char unique[SPOOL_UNIQUE_SIZE])
{
	int n;

	if (!st->broadcast)
		n = snprintf(unique, SPOOL_UNIQUE_SIZE, "%s", st->unique);
	else
		n = snprintf(unique, SPOOL_UNIQUE_SIZE, "%s.%lu", st->unique, k);
	if (n > 0 && n < SPOOL_UNIQUE_SIZE)
		return 0;
	errno = ENAMETOOLONG;
	return spool_fail(st->spool, SPOOL_TMP, st->name);
}

static int
name_envelope(struct spool_stage *st)
{
	char unique[SPOOL_UNIQUE_SIZE], name[SPOOL_NAME_SIZE];

	st->envelopes++;
	if (spool_stage_unique(st, st->envelopes, unique) < 0 ||
	    spool_name(name, next_order(st), unique) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->name);
	(void)snprintf(st->file, sizeof st->file, "%s%s%s", st->broadcast ? st->name : "",
	    st->broadcast ? "/" : "", name);
	st->used = SPOOL_STAGE_HEAD;
	st->count_at = 0;
	return 0;
}

/* Writes what is in the buffer, behind the head if that is not on disk yet. */
static int
write_buffer(struct spool_stage *st, int counted)
{
	int head = st->count_at == 0 ? spool_stage_put_head(st, counted) : 0;

	if (head < 0)
		return -1;
	if (st->fd < 0)
		st->fd = spool_create(st->spool, SPOOL_TMP, st->file, O_WRONLY);
	if (st->fd < 0)
		return -1;
	if (spool_write_all(st->fd, st->to + SPOOL_STAGE_HEAD - head,
	    st->used - SPOOL_STAGE_HEAD + (size_t)head) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	st->used = SPOOL_STAGE_HEAD;
	return 0;
}

int
spool_stage_rcpt(struct spool_stage *st, const char *line, size_t length)
{
	static const char todo[5] = { 'T', '0', '0', '0', ' ' };
	char *to;

	if (length > SPOOL_LINE_MAX) {
		errno = EMSGSIZE;
		return spool_fail(st->spool, SPOOL_TMP, st->name);
	}
	if (st->count == 0 && name_envelope(st) < 0)
		return -1;
	if (st->used + length + 6 > sizeof st->buffer && write_buffer(st, 0) < 0)
		return -1;
	to = st->to + st->used;
	memcpy(to, todo, sizeof todo);
	memcpy(to + sizeof todo, line, length);
	to[5 + length] = '\n';
	st->used += length + 6;
	st->count++;
	return 0;
}

int
spool_stage_in_time(struct spool_stage *st)
{
	if (spool_uptime() - st->begun < WRITER_SECONDS)
		return 0;
	errno = ETIMEDOUT;
	return spool_fail(st->spool, SPOOL_TMP, st->name);
}

/* Writes the envelope here and now. */
static int
finish(struct spool_stage *st)
{
	int spilt = st->count_at != 0, fd;

	if (write_buffer(st, 1) < 0 || (spilt && spool_stage_patch_count(st) < 0))
		return -1;
	fd = st->fd;
	if (spool_stage_sync_now(st, fd, st->file) < 0)
		return -1;
	st->fd = -1;
	if (again_close(fd) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	if (st->behind != NULL)
		return spool_behind_link(st->behind, st);
	return spool_stage_link_text(st, st->envelopes);
}

/* Lets the thread write it. */
static int
hand_over(struct spool_stage *st)
{
	int head = spool_stage_put_head(st, 1);

	if (head < 0)
		return -1;
	return spool_behind_put(st->behind, st, SPOOL_STAGE_HEAD - (size_t)head,
	    st->used - SPOOL_STAGE_HEAD + (size_t)head);
}

/* From so many envelopes on it pays to write them beside the filling; where each is synced by
   itself they are written in turn. */
static void
go_behind(struct spool_stage *st)
{
	if (st->envelopes == STAGE_ALONE && syncs_later(st))
		st->behind = spool_behind_start(st);
}

int
spool_stage_next(struct spool_stage *st)
{
	int is_handed, result;

	if (st->count == 0)
		return 0;
	if (spool_stage_in_time(st) < 0)
		return -1;
	is_handed = st->behind != NULL && st->fd < 0 && spool_behind_has_room(st->behind);
	result = is_handed ? hand_over(st) : finish(st);
	if (result < 0)
		return -1;
	st->rcpts += st->count;
	st->count = 0;
	go_behind(st);
	return 0;
}

void
spool_stage_settle(struct spool_stage *st)
{
	if (st->behind != NULL)
		spool_behind_end(st->behind, st);
	st->behind = NULL;
}

/* Everything that is staged reaches the disk: text, envelopes, and the names of both. */
int
spool_stage_sync(struct spool_stage *st)
{
	struct spool *s = st->spool;
	int fd, result;

	if ((st->behind != NULL && spool_behind_wait(st->behind, st) < 0) || spool_stage_in_time(st) < 0)
		return -1;
	spool_stage_settle(st);
	if (syncs_later(st))
		return spool_whole_sync(s->dir[SPOOL_TMP]) == 0 ? 0 : spool_fail(s, SPOOL_TMP, st->name);
	if (spool_stage_sync_text(st) < 0 || spool_sync_dir(s, SPOOL_MESS) < 0)
		return -1;
	if (!st->broadcast)
		return 0;
	fd = again_openat(s->dir[SPOOL_TMP], st->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return spool_fail(s, SPOOL_TMP, st->name);
	result = spool_stage_sync_now(st, fd, st->name);
	(void)again_close(fd);
	return result;
}

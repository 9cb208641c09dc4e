/* SPDX-License-Identifier: ISC */
/*
 * Staging: the text as tmp/.text.UNIQUE, then one envelope after another as
 * tmp/NAME, or as tmp/BROADCAST/NAME.  A staged envelope stands in tmp/ before
 * its text is linked into mess/, so that what a crash leaves has a witness
 * there and is swept.  Nothing here is visible to a runner.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "stage.h"
#include "sync.h"

#define HEAD_SIZE    4096       /* of the buffer's front is left to the head */
#define COUNT_DIGITS 10

static void
text_name(const struct spool_stage *st, unsigned long copy, char name[SPOOL_NAME_SIZE])
{
	if (copy == 0)
		(void)snprintf(name, SPOOL_NAME_SIZE, ".text.%.82s", st->unique);
	else
		(void)snprintf(name, SPOOL_NAME_SIZE, ".text.%.72s.%lu", st->unique, copy + 1);
}

static int
open_text(struct spool_stage *st, unsigned long copy)
{
	char name[SPOOL_NAME_SIZE];

	text_name(st, copy, name);
	return spool_create(st->spool, SPOOL_TMP, name, O_RDWR);
}

void
spool_stage_drop_texts(struct spool_stage *st)
{
	char name[SPOOL_NAME_SIZE];
	int saved = errno;
	unsigned long i;

	for (i = 0; i <= st->texts; i++) {
		text_name(st, i, name);
		(void)again_unlinkat(st->spool->dir[SPOOL_TMP], name, 0);
	}
	if (st->text_fd >= 0)
		(void)again_close(st->text_fd);
	st->text_fd = -1;
	errno = saved;
}

static int
make_broadcast(struct spool_stage *st)
{
	struct spool *s = st->spool;
	int fd, result, saved;

	if (again_mkdirat(s->dir[SPOOL_TMP], st->name, spool_dir_mode(s)) < 0)
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
	st->text_fd = open_text(st, 0);
	if (st->text_fd >= 0)
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

static int
sync_now(struct spool_stage *st, int fd, const char *name)
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

static int
kth_unique(const struct spool_stage *st, char unique[SPOOL_UNIQUE_SIZE])
{
	int n;

	if (!st->broadcast)
		n = snprintf(unique, SPOOL_UNIQUE_SIZE, "%s", st->unique);
	else
		n = snprintf(unique, SPOOL_UNIQUE_SIZE, "%s.%lu", st->unique, st->envelopes);
	if (n > 0 && n < SPOOL_UNIQUE_SIZE)
		return 0;
	errno = ENAMETOOLONG;
	return spool_fail(st->spool, SPOOL_TMP, st->name);
}

static int
open_envelope(struct spool_stage *st)
{
	char unique[SPOOL_UNIQUE_SIZE], name[SPOOL_NAME_SIZE];

	st->envelopes++;
	if (kth_unique(st, unique) < 0 || spool_name(name, next_order(st), unique) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->name);
	(void)snprintf(st->file, sizeof st->file, "%s%s%s", st->broadcast ? st->name : "",
	    st->broadcast ? "/" : "", name);
	st->fd = spool_create(st->spool, SPOOL_TMP, st->file, O_WRONLY);
	if (st->fd < 0) {
		st->envelopes--;
		return -1;
	}
	st->used = HEAD_SIZE;
	st->count = 0;
	st->count_at = 0;
	return 0;
}

static int
append_key(char *text, size_t *used, const char *key, const char *value)
{
	int n;

	if (value == NULL)
		return 0;
	n = snprintf(text + *used, HEAD_SIZE - *used, "%s %s\n", key, value);
	if (n < 0 || (size_t)n >= HEAD_SIZE - *used) {
		errno = EMSGSIZE;
		return -1;
	}
	*used += (size_t)n;
	return 0;
}

/* Puts the head right before the first recipient, so that one write takes both; its length, or -1.
   An unknown count gets ten digits that are patched later. */
static int
put_head(struct spool_stage *st, int counted)
{
	const struct spool_head *h = &st->head;
	char text[HEAD_SIZE], born[24];
	size_t used = 4;
	int n;

	memcpy(text, "ml1\n", used);
	(void)snprintf(born, sizeof born, "%" PRIu64, st->born / SPOOL_SECOND);
	if (append_key(text, &used, "born", born) < 0 ||
	    append_key(text, &used, "from", h->from) < 0 ||
	    append_key(text, &used, "verp", h->verp) < 0 ||
	    append_key(text, &used, "body", h->body == 7 ? "7" : NULL) < 0 ||
	    append_key(text, &used, "broadcast", st->broadcast ? st->name : NULL) < 0 ||
	    append_key(text, &used, "key", h->key) < 0 ||
	    append_key(text, &used, "id", h->id) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	st->count_at = (off_t)used + (off_t)strlen("rcpts ");
	n = snprintf(text + used, sizeof text - used, "rcpts %0*zu\n\n", counted ? 1 : COUNT_DIGITS,
	    counted ? st->count : 0);
	if (n < 0 || (size_t)n >= sizeof text - used) {
		errno = EMSGSIZE;
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	}
	used += (size_t)n;
	memcpy(st->buffer + HEAD_SIZE - used, text, used);
	return (int)used;
}

/* Writes the recipients in the buffer, behind the head if that is not on disk yet. */
static int
write_buffer(struct spool_stage *st, int counted)
{
	int head = st->count_at == 0 ? put_head(st, counted) : 0;

	if (head < 0)
		return -1;
	if (spool_write_all(st->fd, st->buffer + HEAD_SIZE - head,
	    st->used - HEAD_SIZE + (size_t)head) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	st->used = HEAD_SIZE;
	return 0;
}

static int
patch_count(struct spool_stage *st)
{
	char digits[COUNT_DIGITS + 16];
	int n = snprintf(digits, sizeof digits, "%0*zu", COUNT_DIGITS, st->count);

	if (n != COUNT_DIGITS) {
		errno = EOVERFLOW;
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	}
	if (spool_pwrite_all(st->fd, digits, COUNT_DIGITS, st->count_at) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
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
	if (st->fd < 0 && open_envelope(st) < 0)
		return -1;
	if (st->used + length + 6 > sizeof st->buffer && write_buffer(st, 0) < 0)
		return -1;
	to = st->buffer + st->used;
	memcpy(to, todo, sizeof todo);
	memcpy(to + sizeof todo, line, length);
	to[5 + length] = '\n';
	st->used += length + 6;
	st->count++;
	return 0;
}

/* A file system that counts no further links to the text gets a fresh copy of it. */
static int
copy_text(struct spool_stage *st)
{
	char name[SPOOL_NAME_SIZE], data[16384];
	off_t at = 0;
	ssize_t n;
	int fd = open_text(st, ++st->texts);

	if (fd < 0)
		return -1;
	text_name(st, st->texts, name);
	while ((n = spool_pread_all(st->text_fd, data, sizeof data, at)) > 0) {
		if (spool_write_all(fd, data, (size_t)n) < 0)
			break;
		at += n;
	}
	if (n == 0 && sync_now(st, st->text_fd, name) == 0) {
		n = again_close(st->text_fd);
		st->text_fd = fd;
		return n == 0 ? 0 : spool_fail(st->spool, SPOOL_TMP, name);
	}
	(void)spool_fail(st->spool, SPOOL_TMP, name);
	(void)again_close(fd);
	return -1;
}

static int
link_text(struct spool_stage *st)
{
	struct spool *s = st->spool;
	char text[SPOOL_NAME_SIZE], unique[SPOOL_UNIQUE_SIZE];

	if (kth_unique(st, unique) < 0)
		return -1;
	text_name(st, st->texts, text);
	if (again_linkat(s->dir[SPOOL_TMP], text, s->dir[SPOOL_MESS], unique, 0) == 0)
		return 0;
	if (errno != EMLINK)
		return spool_fail(s, SPOOL_MESS, unique);
	if (copy_text(st) < 0)
		return -1;
	text_name(st, st->texts, text);
	if (again_linkat(s->dir[SPOOL_TMP], text, s->dir[SPOOL_MESS], unique, 0) == 0)
		return 0;
	return spool_fail(s, SPOOL_MESS, unique);
}

int
spool_stage_in_time(struct spool_stage *st)
{
	if (spool_uptime() - st->begun < WRITER_SECONDS)
		return 0;
	errno = ETIMEDOUT;
	return spool_fail(st->spool, SPOOL_TMP, st->name);
}

int
spool_stage_next(struct spool_stage *st)
{
	int fd = st->fd, spilt;

	if (fd < 0)
		return 0;
	if (spool_stage_in_time(st) < 0)
		return -1;
	spilt = st->count_at != 0;
	if (write_buffer(st, 1) < 0 || (spilt && patch_count(st) < 0))
		return -1;
	if (sync_now(st, fd, st->file) < 0)
		return -1;
	st->fd = -1;
	if (again_close(fd) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	if (link_text(st) < 0)
		return -1;
	st->rcpts += st->count;
	return 0;
}

/* Everything that is staged reaches the disk: text, envelopes, and the names of both. */
int
spool_stage_sync(struct spool_stage *st)
{
	struct spool *s = st->spool;
	char name[SPOOL_NAME_SIZE];
	int fd, result;

	if (spool_stage_in_time(st) < 0)
		return -1;
	if (syncs_later(st))
		return spool_whole_sync(s->dir[SPOOL_TMP]) == 0 ? 0 : spool_fail(s, SPOOL_TMP, st->name);
	text_name(st, st->texts, name);
	if (sync_now(st, st->text_fd, name) < 0 || spool_sync_dir(s, SPOOL_MESS) < 0)
		return -1;
	if (!st->broadcast)
		return 0;
	fd = again_openat(s->dir[SPOOL_TMP], st->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return spool_fail(s, SPOOL_TMP, st->name);
	result = sync_now(st, fd, st->name);
	(void)again_close(fd);
	return result;
}

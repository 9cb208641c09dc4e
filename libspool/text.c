/* SPDX-License-Identifier: ISC */
/*
 * A stage's text: tmp/.text.UNIQUE, where links run out its copies
 * tmp/.text.UNIQUE.2 and so on, and the link in mess/ that each envelope gets
 * once it stands in tmp/.  A crash leaves dot-files, and links that have an
 * envelope in tmp/ for a witness.
 */
#include <fcntl.h>
#include <unistd.h>

#include "internal.h"
#include "stage.h"

static void
text_name(const struct spool_stage *st, unsigned long copy, char name[SPOOL_NAME_SIZE])
{
	if (copy == 0)
		(void)snprintf(name, SPOOL_NAME_SIZE, ".text.%.82s", st->unique);
	else
		(void)snprintf(name, SPOOL_NAME_SIZE, ".text.%.72s.%lu", st->unique, copy + 1);
}

static int
open_copy(struct spool_stage *st, unsigned long copy)
{
	char name[SPOOL_NAME_SIZE];

	text_name(st, copy, name);
	return spool_create(st->spool, SPOOL_TMP, name, O_RDWR);
}

int
spool_stage_open_text(struct spool_stage *st)
{
	st->text_fd = open_copy(st, 0);
	return st->text_fd >= 0 ? 0 : -1;
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

/* A file system that counts no further links to the text gets a fresh copy of it. */
static int
copy_text(struct spool_stage *st)
{
	char name[SPOOL_NAME_SIZE], data[16384];
	off_t at = 0;
	ssize_t n;
	int fd = open_copy(st, ++st->texts);

	if (fd < 0)
		return -1;
	text_name(st, st->texts, name);
	while ((n = spool_pread_all(st->text_fd, data, sizeof data, at)) > 0) {
		if (spool_write_all(fd, data, (size_t)n) < 0)
			break;
		at += n;
	}
	if (n == 0 && spool_stage_sync_now(st, st->text_fd, name) == 0) {
		n = again_close(st->text_fd);
		st->text_fd = fd;
		return n == 0 ? 0 : spool_fail(st->spool, SPOOL_TMP, name);
	}
	(void)spool_fail(st->spool, SPOOL_TMP, name);
	(void)again_close(fd);
	return -1;
}

static int
link_text(struct spool_stage *st, const char *unique)
{
	char text[SPOOL_NAME_SIZE];

	text_name(st, st->texts, text);
	return again_linkat(st->spool->dir[SPOOL_TMP], text, st->spool->dir[SPOOL_MESS], unique, 0);
}

int
spool_stage_link_text(struct spool_stage *st, unsigned long k)
{
	char unique[SPOOL_UNIQUE_SIZE];

	if (spool_stage_unique(st, k, unique) < 0)
		return -1;
	if (link_text(st, unique) == 0)
		return 0;
	if (errno == EMLINK) {
		if (copy_text(st) < 0)
			return -1;
		if (link_text(st, unique) == 0)
			return 0;
	}
	return spool_fail(st->spool, SPOOL_MESS, unique);
}

int
spool_stage_sync_text(struct spool_stage *st)
{
	char name[SPOOL_NAME_SIZE];

	text_name(st, st->texts, name);
	return spool_stage_sync_now(st, st->text_fd, name);
}

/* SPDX-License-Identifier: ISC */
/*
 * Marks and notes: the only bytes of an envelope that ever change.  What was
 * written since the last good sync is remembered, because a kernel that failed
 * to write a page forgets it: after a failure all of it is written anew, and
 * only then synced.  A crash loses at most what was not synced: a repetition.
 * Where no memory is left to remember more, what there is is synced at once.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "marks.h"

#define WRITES_MAX 4096         /* then it syncs by itself: who marks faster than he syncs fills no memory */
#define BYTES_LEAST 1024        /* room for the longest note */
_Static_assert(BYTES_LEAST > SPOOL_TEXT_NOTE + 32, "one note must always have room");

static int
grow(void **array, size_t *room, size_t need, size_t size)
{
	size_t bigger = *room == 0 ? 64 : *room;
	void *p;

	while (bigger < need)
		bigger *= 2;
	if (bigger == *room)
		return 0;
	p = realloc(*array, bigger * size);
	if (p == NULL)
		return -1;
	*array = p;
	*room = bigger;
	return 0;
}

int
spool_failing(struct spool_envelope *e)
{
	e->failing = 1;
	return spool_fail(e->spool, e->dir, e->file);
}

static int
make_room(struct spool_envelope *e, size_t length)
{
	void *written = e->written, *bytes = e->bytes;
	int full;

	full = grow(&written, &e->writes_room, e->writes + 1, sizeof *e->written);
	e->written = written;
	full |= grow(&bytes, &e->bytes_room, e->bytes_used + length, 1);
	e->bytes = bytes;
	return full;
}

int
spool_marks_begin(struct spool_envelope *e)
{
	return make_room(e, BYTES_LEAST) < 0 ? spool_fail(e->spool, e->dir, e->file) : 0;
}

struct spool_written *
spool_remember(struct spool_envelope *e, off_t at, const char *data, size_t length)
{
	struct spool_written *w;

	/* the room that was there from the beginning is there again after a sync */
	if (make_room(e, length) < 0 && spool_envelope_sync(e) < 0)
		return NULL;
	w = &e->written[e->writes++];
	w->at = at;
	w->offset = e->bytes_used;
	w->length = length;
	memcpy(e->bytes + e->bytes_used, data, length);
	e->bytes_used += length;
	if (e->dirty_since == 0)
		e->dirty_since = spool_now();
	return w;
}

int
spool_marks_bound(struct spool_envelope *e)
{
	return e->writes < WRITES_MAX ? 0 : spool_envelope_sync(e);
}

/* 1 if the line at AT is still to do, 0 if it is decided, -1. */
static int
still_to_do(struct spool_envelope *e, off_t at)
{
	char state;
	ssize_t n = spool_pread_all(e->fd, &state, 1, at);

	if (n == 1)
		return state == 'T';
	if (n == 0)
		errno = EBADMSG;
	return -1;
}

void
spool_recount(struct spool_envelope *e, char state)
{
	if (state == 'T')
		return;
	e->todo -= e->todo > 0;
	e->delivered += state == 'D';
	e->failed += state == 'F';
}

void
spool_mark_text(char text[MARK_OCTETS], char state, int code)
{
	text[0] = state;
	text[1] = (char)('0' + code / 100 % 10);
	text[2] = (char)('0' + code / 10 % 10);
	text[3] = (char)('0' + code % 10);
}

int
spool_mark(struct spool_envelope *e, off_t at, char state, int code)
{
	char text[MARK_OCTETS];
	int open_still = 1;

	(void)spool_marks_write(e);     /* what fails makes it failing */
	if (state != 'D') {
		open_still = still_to_do(e, at);
		if (open_still == 0)
			return 1;
		e->failing |= open_still < 0;   /* looked at again before it is written anew */
	}
	spool_mark_text(text, state, code);
	if (spool_remember(e, at, text, sizeof text) == NULL) {
		/* nobody will write it anew: now or never */
		if (open_still > 0 && spool_pwrite_all(e->fd, text, sizeof text, at) == 0)
			spool_recount(e, state);
		return spool_failing(e);
	}
	spool_recount(e, state);
	if (e->failing || spool_pwrite_all(e->fd, text, sizeof text, at) < 0)
		return spool_failing(e);
	return spool_marks_bound(e);
}

static int
set_appending(struct spool_envelope *e, int on)
{
	int flags = again_fcntl(e->fd, F_GETFL, 0);
	int wanted = on ? flags | O_APPEND : flags & ~O_APPEND;

	if (flags < 0 || flags == wanted)
		return flags < 0 ? -1 : 0;
	return again_fcntl(e->fd, F_SETFL, wanted) < 0 ? -1 : 0;
}

/* Appends at the end, on a fresh line; AT gets the place. */
static int
append(struct spool_envelope *e, const char *line, size_t length, off_t *at)
{
	int failed = 0;
	struct stat st;
	char data[SPOOL_TEXT_NOTE + 64];
	char last = '\n';

	if (again_fstat(e->fd, &st) < 0 ||
	    spool_pread_all(e->fd, &last, 1, st.st_size - 1) < 0)
		return -1;
	data[0] = '\n';
	memcpy(data + 1, line, length);
	line = last == '\n' ? data + 1 : data;
	length += last != '\n';
	if (set_appending(e, 1) < 0)
		return -1;
	if (spool_write_all(e->fd, line, length) < 0)
		failed = errno;
	*at = again_lseek(e->fd, 0, SEEK_CUR) - (off_t)length + (last != '\n');
	if (set_appending(e, 0) < 0 && failed == 0)
		failed = errno;
	errno = failed;
	return failed == 0 ? 0 : -1;
}

static size_t
format_note(char line[SPOOL_TEXT_NOTE + 32], size_t index, const char *reply)
{
	int n = snprintf(line, SPOOL_TEXT_NOTE + 31, "! %zu %.*s", index, SPOOL_TEXT_NOTE, reply);
	size_t length = n < 0 ? 0 : (size_t)n, i;

	if (length > SPOOL_TEXT_NOTE + 30)
		length = SPOOL_TEXT_NOTE + 30;
	for (i = 0; i < length; i++)
		if (iscntrl((unsigned char)line[i]))
			line[i] = ' ';
	line[length++] = '\n';
	return length;
}

int
spool_note(struct spool_envelope *e, size_t index, const char *reply)
{
	char line[SPOOL_TEXT_NOTE + 32];
	size_t length = format_note(line, index, reply);
	struct spool_written *w;
	off_t at;

	(void)spool_marks_write(e);
	w = spool_remember(e, -1, line, length);
	if (w == NULL)
		return spool_failing(e);
	if (e->failing || append(e, line, length, &at) < 0)
		return spool_failing(e);
	w->at = at;
	if (reply[0] == '4')
		e->noted = 1;
	return spool_marks_bound(e);
}

/* The reason first: then nobody has failed without one, wherever this is cut off. */
int
spool_mark_failed(struct spool_envelope *e, const struct spool_rcpt *r, int code, const char *reply)
{
	(void)spool_marks_write(e);
	if (still_to_do(e, r->at) == 0)
		return 1;
	(void)spool_note(e, r->index, reply);   /* what can't be written is remembered, as the mark is */
	return spool_mark(e, r->at, 'F', code);
}

/* What another decided meanwhile stays.  1, 0, or -1: it can't be known. */
static int
outdone(struct spool_envelope *e, char state, off_t at)
{
	char now = 'T';

	if (spool_pread_all(e->fd, &now, 1, at) < 0)
		return -1;
	return now == 'D' || (state == 'T' && now == 'F');
}

static int
is_mark(const struct spool_envelope *e, size_t i, char state)
{
	const struct spool_written *w = &e->written[i];

	return w->at >= 0 && w->length == MARK_OCTETS && e->bytes[w->offset] == state;
}

/* The I-th of what was written, or of marks D as many as one write can carry: how many, or 0 if it failed. */
static size_t
write_one_anew(struct spool_envelope *e, size_t i)
{
	struct spool_written *w = &e->written[i];
	const char *data = e->bytes + w->offset;
	size_t n = 0;
	int skip = 0;

	while (i + n < e->writes && is_mark(e, i + n, 'D'))
		n++;
	if (n > 0)
		return spool_marks_run(e, w, n);
	if (w->at < 0)
		return append(e, data, w->length, &w->at) == 0;
	if (w->length == MARK_OCTETS)
		skip = outdone(e, data[0], w->at);
	return skip > 0 || (skip == 0 && spool_pwrite_all(e->fd, data, w->length, w->at) == 0);
}

static int
write_anew(struct spool_envelope *e)
{
	size_t i, n;

	if (set_appending(e, 0) < 0)    /* marks are no notes */
		return -1;
	for (i = 0; i < e->writes; i += n)
		if ((n = write_one_anew(e, i)) == 0)
			return -1;
	return 0;
}

int
spool_envelope_sync(struct spool_envelope *e)
{
	if (!e->failing && e->writes == 0)
		return 0;
	(void)spool_marks_write(e);
	if (e->failing && write_anew(e) < 0)
		return spool_failing(e);
	if (again_fdatasync(e->fd) < 0)
		return spool_failing(e);
	e->failing = 0;
	e->writes = e->bytes_used = 0;
	e->dirty_since = 0;
	return 0;
}

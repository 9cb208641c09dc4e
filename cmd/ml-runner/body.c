/* SPDX-License-Identifier: ISC */
/*
 * A message's text, dot-stuffed.  A small one is prepared once and kept for
 * the next envelope of its broadcast, which is a link to the same file; a
 * large one is read piece by piece, so that memory stays small.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "body.h"

#define SMALL 262144
#define PIECE 16384
#define LONE_DOT 5

static struct body *kept;

static void
drop(struct body *b)
{
	(void)close(b->fd);
	free(b->stuffed);
	free(b);
}

void
body_close(struct body *b)
{
	if (b != NULL && --b->uses == 0 && b != kept)
		drop(b);
}

static int
prepare(struct body *b)
{
	struct body_reader at;
	size_t room = (size_t)b->size * 2 + 64;
	ssize_t n;
	char *smaller;

	b->stuffed = malloc(room);
	if (b->stuffed == NULL)
		return -1;
	body_begin(&at);
	while ((n = body_next(b, &at, b->stuffed + b->stuffed_length, room - b->stuffed_length)) > 0)
		b->stuffed_length += (size_t)n;
	if (n < 0 || b->stuffed_length == 0)
		return -1;
	smaller = realloc(b->stuffed, b->stuffed_length);
	if (smaller != NULL)
		b->stuffed = smaller;
	return 0;
}

static struct body *
load(int fd, const struct stat *st)
{
	struct body *b = calloc(1, sizeof *b);

	if (b == NULL) {
		(void)close(fd);
		return NULL;
	}
	b->fd = fd;
	b->size = st->st_size;
	b->device = st->st_dev;
	b->inode = st->st_ino;
	if (b->size > SMALL || prepare(b) == 0)
		return b;
	drop(b);
	return NULL;
}

struct body *
body_open(struct spool *s, const char *unique)
{
	struct stat st;
	struct body *b;
	int fd = spool_text_open(s, unique);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		return NULL;
	}
	if (kept != NULL && kept->inode == st.st_ino && kept->device == st.st_dev) {
		(void)close(fd);
		kept->uses++;
		return kept;
	}
	b = load(fd, &st);
	if (b == NULL)
		return NULL;
	if (kept != NULL && kept->uses == 0)
		drop(kept);
	kept = b;
	b->uses++;
	return b;
}

void
body_begin(struct body_reader *b)
{
	b->at = 0;
	b->line_start = 1;
	b->last = '\n';
	b->ended = 1;
	b->finished = 0;
}

static ssize_t
read_piece(struct body *b, off_t at, char *to, size_t size)
{
	ssize_t n;

	do
		n = pread(b->fd, to, size, at);
	while (n < 0 && errno == EINTR);
	if (n == 0 && at < b->size) {   /* shorter than it was: not what was accepted */
		errno = EIO;
		return -1;
	}
	return n;
}

/* Copies N bytes; a dot that begins a line is doubled.  TO has room for twice as many. */
static size_t
stuff(struct body_reader *at, char *to, const char *from, size_t n)
{
	const char *end = from + n, *newline;
	char *out = to;

	while (from < end) {
		if (at->line_start && *from == '.')
			*out++ = '.';
		newline = memchr(from, '\n', (size_t)(end - from));
		at->line_start = newline != NULL;
		n = (size_t)((newline != NULL ? newline + 1 : end) - from);
		memcpy(out, from, n);
		out += n;
		from += n;
	}
	return (size_t)(out - to);
}

/* A text that a stranger stored without its last CRLF gets it here: the dot must stand alone. */
static ssize_t
lone_dot(struct body_reader *at, char *to)
{
	static const char dot[LONE_DOT] = { '\r', '\n', '.', '\r', '\n' };
	size_t from = at->ended ? 2 : 0;

	at->finished = 1;
	memcpy(to, dot + from, sizeof dot - from);
	return (ssize_t)(sizeof dot - from);
}

ssize_t
body_next(struct body *b, struct body_reader *at, char *to, size_t size)
{
	char piece[PIECE];
	size_t want = size / 2 < PIECE ? size / 2 : PIECE;
	ssize_t n;

	if (at->finished || want < LONE_DOT)
		return 0;
	n = read_piece(b, at->at, piece, want);
	if (n < 0)
		return -1;
	at->at += n;
	if (n == 0)
		return lone_dot(at, to);
	at->ended = piece[n - 1] == '\n' && (n > 1 ? piece[n - 2] : at->last) == '\r';
	at->last = piece[n - 1];
	return (ssize_t)stuff(at, to, piece, (size_t)n);
}

/* SPDX-License-Identifier: ISC */
/*
 * A message's text, as DATA and as BDAT send it.  A small one is prepared once and kept for
 * the next envelope of its broadcast, which is a link to the same file; a
 * large one is read piece by piece, so that memory stays small.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "anew.h"
#include "body.h"

#define SMALL 262144
#define PIECE 16384
#define LONE_DOT 3

static struct body *kept;

static void
drop(struct body *b)
{
	(void)close(b->fd);
	if (b->text != b->stuffed)
		free(b->text);
	free(b->stuffed);
	free(b);
}

void
body_close(struct body *b)
{
	if (b != NULL && --b->uses == 0 && b != kept)
		drop(b);
}

/* All of it in memory, or NULL. */
static char *
whole(struct body *b, int stuff, size_t *length)
{
	struct body_reader at;
	size_t room = (size_t)b->octets * 2 + 64;
	ssize_t n;
	char *text = malloc(room), *smaller;

	*length = 0;
	if (text == NULL)
		return NULL;
	body_begin(&at, stuff);
	while ((n = body_next(b, &at, text + *length, room - *length)) > 0)
		*length += (size_t)n;
	if (n < 0) {
		free(text);
		return NULL;
	}
	smaller = realloc(text, *length + 1);
	return smaller != NULL ? smaller : text;
}

static int
prepare(struct body *b)
{
	size_t length;

	b->stuffed = whole(b, 1, &b->stuffed_length);
	if (b->stuffed == NULL)
		return -1;
	b->text = b->stuffed_length == (size_t)b->octets + LONE_DOT ? b->stuffed : whole(b, 0, &length);
	return b->text != NULL ? 0 : -1;
}

static int
read_all(int fd, char *to, size_t size, off_t at)
{
	ssize_t n;

	for (; size > 0; to += n, at += n, size -= (size_t)n) {
		n = anew_pread(fd, to, size, at);
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
	}
	return 0;
}

/* A text that a stranger stored without its last CRLF gets it on the way out. */
static int
count_octets(struct body *b)
{
	char end[2] = { '\r', '\n' };

	if (b->size == 1)
		end[0] = '\0';
	else if (b->size > 1 && read_all(b->fd, end, sizeof end, b->size - 2) < 0)
		return -1;
	b->octets = b->size + (end[0] == '\r' && end[1] == '\n' ? 0 : 2);
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
	if (count_octets(b) == 0 && (b->size > SMALL || prepare(b) == 0))
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
	if (anew_fstat(fd, &st) < 0) {
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
body_begin(struct body_reader *b, int stuff)
{
	*b = (struct body_reader){ .stuff = stuff, .line_start = 1 };
}

static ssize_t
read_piece(struct body *b, off_t at, char *to, size_t size)
{
	ssize_t n = anew_pread(b->fd, to, size, at);

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

/* The last CRLF, if it is missing, and the lone dot. */
static ssize_t
finish(const struct body *b, struct body_reader *at, char *to)
{
	static const char end[2 + LONE_DOT] = { '\r', '\n', '.', '\r', '\n' };
	size_t from = b->octets > b->size ? 0 : 2, to_here = at->stuff ? sizeof end : 2;

	at->finished = 1;
	memcpy(to, end + from, to_here - from);
	return (ssize_t)(to_here - from);
}

ssize_t
body_next(struct body *b, struct body_reader *at, char *to, size_t size)
{
	char piece[PIECE];
	size_t want = size / 2 < PIECE ? size / 2 : PIECE;
	ssize_t n;

	if (at->finished || want < 2 + LONE_DOT)
		return 0;
	if (b->size - at->at < (off_t)want)     /* what has grown since is not what was accepted */
		want = (size_t)(b->size - at->at);
	n = want == 0 ? 0 : read_piece(b, at->at, piece, want);
	if (n < 0)
		return -1;
	at->at += n;
	if (n == 0)
		return finish(b, at, to);
	if (at->stuff)
		return (ssize_t)stuff(at, to, piece, (size_t)n);
	memcpy(to, piece, (size_t)n);
	return n;
}

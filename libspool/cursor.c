/* SPDX-License-Identifier: ISC */
/* Walking along an envelope: recipients, then `!` lines, one buffered line at a time. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "count.h"

static int
bad_line(struct spool_envelope *e)
{
	errno = EBADMSG;
	return spool_fail(e->spool, e->dir, e->file);
}

/* The next line, without its LF, and its length: 1; 0 at the end (or a line without an end); -1
   with EBADMSG for one that is too long.  c->at is the file offset of the buffer's first byte. */
static int
next_line(struct spool_cursor *c, struct spool_envelope *e, char **line, size_t *length)
{
	char *end;
	ssize_t n;

	for (;;) {
		*line = c->buffer + c->from;
		end = c->from < c->to ? memchr(*line, '\n', c->to - c->from) : NULL;
		if (end != NULL)
			break;
		if (c->from == 0 && c->to == sizeof c->buffer - 1)
			return bad_line(e);
		memmove(c->buffer, *line, c->to - c->from);
		c->at += (off_t)c->from;
		c->to -= c->from;
		c->from = 0;
		*line = c->buffer;
		n = spool_pread_all(e->fd, c->buffer + c->to, sizeof c->buffer - 1 - c->to,
		    c->at + (off_t)c->to);
		if (n < 0)
			return spool_fail(e->spool, e->dir, e->file);
		if (n == 0) {
			c->buffer[c->to] = '\0';
			return 0;
		}
		c->to += (size_t)n;
	}
	*end = '\0';
	*length = (size_t)(end - *line);
	return 1;
}

static void
step(struct spool_cursor *c, size_t length)
{
	c->from += length + 1;
}

static void
place(struct spool_cursor *c, off_t at)
{
	c->at = at;
	c->index = 0;
	c->from = c->to = 0;
	c->buffer[0] = '\0';
}

void
spool_cursor_begin(struct spool_cursor *c, const struct spool_envelope *e)
{
	place(c, e->first);
}

static int
digits(const char *text)
{
	return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]) &&
	    isdigit((unsigned char)text[2]);
}

/* What can't be in an address, its end included. */
#define ROW_0 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define ROW_1 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
static const unsigned char ends_address[256] = {
	ROW_1, ROW_1, ROW_0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0,         /* < > */
	ROW_0, ROW_0, ROW_0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1          /* DEL */
};

static size_t
address_length(const char *address)
{
	const char *p = address;

	while (!ends_address[(unsigned char)*p])
		p++;
	return (size_t)(p - address);
}

/* A stranger's envelope must not write commands of its own. */
int
spool_is_harmless(const char *address)
{
	return address[address_length(address)] == '\0';
}

static int
parse_rcpt(char *line, size_t length, struct spool_rcpt *r)
{
	const char *line_end = line + length;
	char *end;

	if (length < 6 || length - 5 > SPOOL_LINE_MAX ||
	    (line[0] != 'T' && line[0] != 'D' && line[0] != 'F') || !digits(line + 1) || line[4] != ' ')
		return -1;
	r->state = line[0];
	r->code = (line[1] - '0') * 100 + (line[2] - '0') * 10 + (line[3] - '0');
	r->address = line + 5;
	end = r->address + address_length(r->address);
	r->fields = end;
	if (*end == '\t' && spool_fields_fault(end + 1, line_end) == NULL) {
		*end = '\0';
		r->fields = end + 1;
		line_end = end;
	}
	return end == line_end && end > r->address && end - r->address <= SPOOL_ADDRESS_MAX ? 0 : -1;
}

int
spool_cursor_next(struct spool_cursor *c, struct spool_envelope *e, struct spool_rcpt *r)
{
	size_t length = 0;
	char *line;
	int got;

	if (c->index == e->rcpts)
		return 0;
	got = next_line(c, e, &line, &length);
	if (got < 0 && errno == EBADMSG && *line == '!')
		return 0;               /* a note of any length ends them */
	if (got < 0)
		return -1;
	if (got == 0)                   /* a note may be torn, a recipient may not */
		return c->to > c->from && *line != '!' ? bad_line(e) : 0;
	if (line[0] == '!') {           /* without a count, a note ends the recipients */
		line[length] = '\n';
		return 0;
	}
	if (parse_rcpt(line, length, r) < 0)
		return bad_line(e);
	r->at = c->at + (line - c->buffer);
	r->index = ++c->index;
	step(c, length);
	return 1;
}

static int
see_deferral(void *context, size_t index, const char *reply)
{
	struct spool_envelope *e = context;

	(void)index;
	e->noted |= reply[0] == '4';
	return 0;
}

int
spool_envelope_count(struct spool_envelope *e)
{
	struct spool_cursor c;
	struct spool_rcpt r = { .index = 0 };
	int got;

	e->todo = e->untried = e->delivered = e->failed = 0;
	spool_cursor_begin(&c, e);
	while ((got = spool_cursor_next(&c, e, &r)) > 0) {
		e->todo += r.state == 'T';
		e->untried += r.state == 'T' && r.code == 0;
		e->delivered += r.state == 'D';
		e->failed += r.state == 'F';
	}
	if (got < 0)
		return -1;
	e->rcpts = c.index;
	e->notes = c.at + (off_t)c.from;
	e->noted = 0;
	return spool_notes(e, see_deferral, e);
}

static int
see_note(char *line, int (*see)(void *context, size_t index, const char *reply), void *context)
{
	char *end;
	unsigned long index;

	if (strncmp(line, "! ", 2) != 0 || !isdigit((unsigned char)line[2]))
		return 0;
	index = strtoul(line + 2, &end, 10);
	if (*end != ' ')
		return 0;
	return see(context, index, end + 1);
}

int
spool_notes(struct spool_envelope *e, int (*see)(void *context, size_t index, const char *reply), void *context)
{
	struct spool_cursor c;
	size_t length = 0;
	char *line;
	int got, inside = 0;            /* a line that is too long, which is skipped to its end */

	place(&c, e->notes);
	for (;;) {
		got = next_line(&c, e, &line, &length);
		if (got < 0 && errno == EBADMSG) {
			c.from = c.to;
			inside = 1;
			continue;
		}
		if (got <= 0)
			return got;
		got = inside ? 0 : see_note(line, see, context);
		inside = 0;
		if (got != 0)
			return got;
		step(&c, length);
	}
}

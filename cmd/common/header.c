/* SPDX-License-Identifier: ISC */
/*
 * Holds the header until its end has come.  With `take` nothing of it is written before, so that
 * Bcc never leaves; without, it passes at once and only a copy is kept, as long as it is short.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "escape.h"
#include "header.h"
#include "mailbox.h"

#define HEADER_GLANCE 131072    /* how far a Message-ID is looked for */
#define HEADER_PIECE 65536

struct field {
	size_t from, to;        /* with its continuation lines and the last CRLF */
	size_t name;            /* length of the name, 0: this is no field */
	size_t body;            /* begins behind the colon */
};

static size_t
line_end(const struct header *h, size_t at)
{
	const char *lf = memchr(h->bytes + at, '\n', h->used - at);

	return lf != NULL ? (size_t)(lf - h->bytes) + 1 : h->used;
}

/* The field at F->to, if the header goes on there. */
static int
field_next(const struct header *h, struct field *f)
{
	const char *p = h->bytes;
	size_t i = f->from = f->to;

	if (i >= h->used || p[i] == '\r')
		return 0;
	do
		f->to = line_end(h, f->to);
	while (f->to < h->used && (p[f->to] == ' ' || p[f->to] == '\t'));
	while (i < f->to && p[i] > ' ' && p[i] < 0x7f && p[i] != ':')
		i++;
	f->name = i - f->from;
	while (i < f->to && (p[i] == ' ' || p[i] == '\t'))
		i++;
	if (i == f->to || p[i] != ':')
		f->name = 0;
	f->body = i < f->to ? i + 1 : i;
	return 1;
}

static int
field_is(const struct header *h, const struct field *f, const char *name)
{
	return f->name == strlen(name) && strncasecmp(h->bytes + f->from, name, f->name) == 0;
}

/* Bytes of the header at hand with the empty line behind it, or 0 while that has not come. */
static size_t
find_end(struct header *h)
{
	const char *p;

	if (h->used >= 2 && h->bytes[0] == '\r')
		return 2;
	while (h->seen + 4 <= h->used) {
		p = memchr(h->bytes + h->seen, '\n', h->used - h->seen - 2);
		h->seen = p != NULL ? (size_t)(p - h->bytes) + 1 : h->used - 2;
		if (p != NULL && p[1] == '\r')
			return h->seen + 2;
	}
	return 0;
}

static int
append(struct header *h, const char *bytes, size_t n)
{
	size_t room = h->room;
	char *grown;

	if (n == 0)
		return 0;
	while (room < h->used + n)
		room = room == 0 ? HEADER_PIECE : room * 2;
	if (room != h->room) {
		grown = realloc(h->bytes, room);
		if (grown == NULL)
			return -1;
		h->bytes = grown;
		h->room = room;
	}
	memcpy(h->bytes + h->used, bytes, n);
	h->used += n;
	return 0;
}

/* Only what can stand in a line and in a log: one word in brackets. */
static void
take_id(struct header *h, const struct field *f)
{
	const char *open = memchr(h->bytes + f->body, '<', f->to - f->body);
	const char *close;
	size_t n, i;

	if (open == NULL || *h->id != '\0')
		return;
	close = memchr(open, '>', (size_t)(h->bytes + f->to - open));
	if (close == NULL || close - open >= HEADER_ID_MAX)
		return;
	n = (size_t)(close - open) + 1;
	for (i = 0; i < n; i++)
		if (open[i] <= ' ' || open[i] >= 0x7f)
			return;
	memcpy(h->id, open, n);
	h->id[n] = '\0';
}

static uint64_t
line_number(const struct header *h, size_t at)
{
	uint64_t line = 1;
	size_t i;

	for (i = 0; i < at; i = line_end(h, i))
		line++;
	return line;
}

static int
refuse(struct text *t, uint64_t line, const char *fault)
{
	t->line = line;
	t->fault = fault;
	return 1;
}

/* Writes the header without Bcc. */
static int
write_fields(struct header *h, struct text *t)
{
	struct field f = { .to = 0 };

	while (field_next(h, &f)) {
		if (f.name == 0)
			return refuse(t, line_number(h, f.from), "not a header field");
		if (field_is(h, &f, "bcc"))
			continue;
		if (text_put(t, h->bytes + f.from, f.to - f.from) < 0)
			return -1;
	}
	return 0;
}

/* The header is whole: END octets of what is at hand, the rest is body. */
static int
complete(struct header *h, struct text *t, size_t end)
{
	size_t all = h->used;
	struct field f = { .to = 0 };
	int bad = 0;

	t->tap = NULL;
	h->used = end;
	while (field_next(h, &f))
		if (field_is(h, &f, "message-id"))
			take_id(h, &f);
	if (!h->take) {
		header_free(h);
		return 0;
	}
	bad = write_fields(h, t);
	/* The empty line, if there is one, belongs to no field. */
	return bad != 0 ? bad : text_put(t, h->bytes + f.to, all - f.to);
}

static int
see(void *context, struct text *t, const char *bytes, size_t n)
{
	struct header *h = context;
	size_t end;

	if (!h->take && n > 0 && text_put(t, bytes, n) < 0)
		return -1;
	if (append(h, bytes, n) < 0)
		return -1;
	end = find_end(h);
	if (end > 0 || n == 0)
		return complete(h, t, end > 0 ? end : h->used);
	if (h->used <= (h->take ? HEADER_MAX : HEADER_GLANCE))
		return 0;
	if (h->take)
		return refuse(t, 0, "header over 1 MiB");
	t->tap = NULL;
	header_free(h);
	return 0;
}

void
header_begin(struct header *h, struct text *t, int take)
{
	memset(h, 0, sizeof *h);
	h->take = take;
	t->tap = see;
	t->context = h;
}

static int
names_recipients(const struct header *h, const struct field *f)
{
	return field_is(h, f, "to") || field_is(h, f, "cc") || field_is(h, f, "bcc");
}

int
header_next(struct header *h)
{
	struct field f;
	int got;

	for (;;) {
		got = mailbox_next(h->bytes, &h->at, h->field, h->address, sizeof h->address,
		    &h->length);
		if (got != 0)
			return got;
		f.to = h->field;
		do
			if (!field_next(h, &f))
				return 0;
		while (!names_recipients(h, &f));
		h->at = f.body;
		h->field = f.to;
	}
}

void
header_free(struct header *h)
{
	free(h->bytes);
	h->bytes = NULL;
	h->used = h->room = h->field = h->at = 0;
}

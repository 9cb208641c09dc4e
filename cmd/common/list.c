/* SPDX-License-Identifier: ISC */
/* A window over the list: a line is looked at where it was read, and only one that the window's
   end cuts is moved. */
#include <string.h>

#include "address.h"
#include "io.h"
#include "list.h"
#include "spool.h"

#define LINE_ENDS 2             /* CR, LF */
_Static_assert(LIST_WINDOW > SPOOL_LINE_MAX + LINE_ENDS, "the window must hold a whole line");

void
list_begin(struct list *l, int fd)
{
	l->fd = fd;
	l->summed = 0;
	cksum_begin(&l->sum);
	l->line = l->reads = 0;
	l->fault = NULL;
	l->begun = l->ended = 0;
	l->from = l->to = 0;
}

/* Some editors begin a file with a byte order mark, which is nobody's address.  A pipe may give
   less than the mark at first. */
static void
skip_mark(struct list *l)
{
	static const char mark[3] = { '\xef', '\xbb', '\xbf' };

	if (l->begun || l->line > 0 || (l->to < sizeof mark && !l->ended))
		return;
	l->begun = 1;
	if (l->to >= sizeof mark && memcmp(l->window, mark, sizeof mark) == 0)
		l->from = sizeof mark;
}

/* Moves what is left to the front and reads more behind it. */
static int
refill(struct list *l)
{
	size_t left = l->to - l->from;
	ssize_t n;

	if (l->from > 0)
		memmove(l->window, l->window + l->from, left);
	l->from = 0;
	l->to = left;
	n = io_read(l->fd, l->window + left, LIST_WINDOW - left);
	if (n < 0)
		return -1;
	if (l->summed)
		cksum_add(&l->sum, l->window + left, (size_t)n);
	l->to += (size_t)n;
	l->ended = n == 0;
	l->reads++;
	skip_mark(l);
	return 0;
}

/* Drops a line that is longer than any may be, up to its LF. */
static int
drop_line(struct list *l)
{
	const char *end;

	l->fault = "line over 8192 octets";
	for (;;) {
		end = memchr(l->window + l->from, '\n', l->to - l->from);
		if (end != NULL) {
			l->from = (size_t)(end - l->window) + 1;
			return 2;
		}
		l->from = l->to;
		if (l->ended)
			return 2;
		if (refill(l) < 0)
			return -1;
	}
}

/* 1: the next line, without its end.  2: there was one, but too long. */
static int
next_line(struct list *l, struct list_line *r)
{
	const char *end;
	size_t length;

	for (;;) {
		length = l->to - l->from;
		end = memchr(l->window + l->from, '\n', length);
		if (end != NULL || l->ended || length > SPOOL_LINE_MAX + 1)
			break;
		if (refill(l) < 0)
			return -1;
	}
	if (length == 0)
		return 0;
	l->line++;
	r->text = l->window + l->from;
	r->length = end != NULL ? (size_t)(end - r->text) : length;
	if (end != NULL && r->length > 0 && end[-1] == '\r')
		r->length--;
	if (r->length > SPOOL_LINE_MAX)
		return drop_line(l);
	l->from += end != NULL ? (size_t)(end - r->text) + 1 : length;
	return 1;
}

int
list_next(struct list *l, struct list_line *r)
{
	const char *tab;
	int got;

	do
		got = next_line(l, r);
	while (got == 1 && (r->length == 0 || *r->text == '#'));
	if (got != 1)
		return got;
	l->fault = NULL;
	r->address = r->length;
	if (address_is_simple(r->text, r->length, &r->atoms))
		return 1;
	tab = memchr(r->text, '\t', r->length);
	r->address = tab == NULL ? r->length : (size_t)(tab - r->text);
	l->fault = address_look(r->text, r->address, &r->atoms);
	if (l->fault == NULL && tab != NULL)
		l->fault = spool_fields_fault(tab + 1, r->text + r->length);
	return l->fault == NULL ? 1 : 2;
}

/* SPDX-License-Identifier: ISC */
/*
 * The only way for a message into a spool.  What leaves here has no CR and no LF but in CRLF, ends
 * in CRLF, and has no NUL and no line that SMTP forbids: so it can't end its own transaction.
 */
#include <string.h>

#include "io.h"
#include "text.h"

#define BLOCK 65536

struct copy {
	struct text *t;
	size_t length;          /* of the line that is open */
	int after_cr;           /* an LF now belongs to the CR before it */
	size_t used;
	char out[BLOCK];
};

void
text_begin(struct text *t, int fd)
{
	memset(t, 0, sizeof *t);
	t->fd = fd;
	t->line = 1;
	cksum_begin(&t->sum);
}

static int
has_high(const char *p, size_t n)
{
	uint64_t word, seen = 0;

	for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		seen |= word;
	}
	for (; n > 0; n--)
		seen |= (unsigned char)*p++;
	return (seen & UINT64_C(0x8080808080808080)) != 0;
}

int
text_put(struct text *t, const char *bytes, size_t n)
{
	t->size += n;
	if (!t->eight)
		t->eight = has_high(bytes, n);
	if (t->summed)
		cksum_add(&t->sum, bytes, n);
	return io_write(t->fd, bytes, n);
}

static int
refuse(struct text *t, const char *fault)
{
	t->fault = fault;
	return 1;
}

static int
hand_on(struct copy *c)
{
	struct text *t = c->t;
	size_t n = c->used;

	c->used = 0;
	if (n == 0)
		return 0;
	return t->tap != NULL ? t->tap(t->context, t, c->out, n) : text_put(t, c->out, n);
}

static int
put(struct copy *c, const char *bytes, size_t n)
{
	int bad = n > BLOCK - c->used ? hand_on(c) : 0;

	memcpy(c->out + c->used, bytes, n);
	c->used += n;
	return bad;
}

static int
end_line(struct copy *c)
{
	c->length = 0;
	c->t->line++;
	return put(c, "\r\n", 2);
}

/* The first CR or LF among N octets, or NULL. */
static const char *
find_end(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	const char *cr = memchr(p, '\r', lf != NULL ? (size_t)(lf - p) : n);

	return cr != NULL ? cr : lf;
}

/* Never looks further than a line may reach, so that no input makes it slow. */
static int
copy_block(struct copy *c, const char *p, const char *end)
{
	int bad = 0, nul = memchr(p, '\0', (size_t)(end - p)) != NULL;
	const char *stop;
	size_t n;

	while (p < end && bad == 0) {
		if (c->after_cr && *p == '\n')
			p++;
		c->after_cr = 0;
		n = TEXT_LINE_MAX + 1 - c->length;
		n = n < (size_t)(end - p) ? n : (size_t)(end - p);
		stop = find_end(p, n);
		n = stop != NULL ? (size_t)(stop - p) : n;
		if (nul && memchr(p, '\0', n) != NULL)
			return refuse(c->t, "NUL");
		c->length += n;
		if (c->length > TEXT_LINE_MAX)
			return refuse(c->t, "line over 998 octets");
		bad = put(c, p, n);
		p += n;
		if (stop != NULL && bad == 0) {
			c->after_cr = *p++ == '\r';
			bad = end_line(c);
		}
	}
	return bad;
}

static int
finish(struct copy *c)
{
	struct text *t = c->t;
	int bad = c->length > 0 || t->line == 1 ? end_line(c) : 0;

	if (bad == 0)
		bad = hand_on(c);
	if (bad == 0 && t->tap != NULL)
		bad = t->tap(t->context, t, NULL, 0);
	if (bad == 0 && t->size == 0)   /* the tap kept nothing */
		bad = text_put(t, "\r\n", 2);
	return bad;
}

int
text_copy(struct text *t, int in)
{
	struct copy c = { .t = t };
	char block[BLOCK];
	ssize_t n;
	int bad;

	while ((n = io_read(in, block, sizeof block)) > 0) {
		bad = copy_block(&c, block, block + n);
		if (bad != 0)
			return bad;
	}
	t->reading = n < 0;
	return n < 0 ? -1 : finish(&c);
}

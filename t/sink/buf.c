/* SPDX-License-Identifier: ISC */
/*
 * Growing memory, searching it, and what is said on stderr.  A sink without memory is of no use to
 * a test, so running out ends it.
 */
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

void
warn(const char *object)
{
	warnx(object, strerror(errno));
}

void
warnx(const char *object, const char *reason)
{
	fprintf(stderr, "sink: %s: %s\n", object, reason);
}

_Noreturn void
die(int code, const char *object)
{
	warn(object);
	exit(code);
}

void *
mem_grow(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (p == NULL)
		die(EX_OSERR, "memory");
	return p;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	size_t cap = b->cap ? b->cap : 256;

	if (len == 0)
		return;
	while (cap - b->len < len)
		cap *= 2;
	if (cap != b->cap) {
		b->p = mem_grow(b->p, cap);
		b->cap = cap;
	}
	memcpy(b->p + b->len, data, len);
	b->len += len;
}

void
buf_str(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_printable(struct buf *b, const char *text)
{
	char hex[5];

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c != 0x7f) {
			buf_add(b, text, 1);
			continue;
		}
		snprintf(hex, sizeof hex, "\\x%02x", c);
		buf_add(b, hex, 4);
	}
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

const char *
mem_find(const char *hay, size_t len, const char *needle)
{
	size_t n = strlen(needle);
	const char *end = hay + len, *p;

	if (n == 0 || len < n)
		return n == 0 ? hay : NULL;
	while ((size_t)(end - hay) >= n) {
		p = memchr(hay, *needle, (size_t)(end - hay) - n + 1);
		if (p == NULL)
			return NULL;
		if (memcmp(p, needle, n) == 0)
			return p;
		hay = p + 1;
	}
	return NULL;
}

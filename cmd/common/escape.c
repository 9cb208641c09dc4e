/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "escape.h"
#include "utf8.h"

/* 1 for what may stand anywhere. */
#define ROW_1 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
static const unsigned char is_simple[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         /* " */
	ROW_1, ROW_1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,         /* \ */
	ROW_1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1             /* not DEL */
};

size_t
escape_plain(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length && is_simple[(unsigned char)text[i]])
		i++;
	return i;
}

/* Of these, how many come before one of ALSO. */
static size_t
simple(const char *s, size_t length, const char *also)
{
	size_t n = escape_plain(s, length);
	const char *found;

	for (; also != NULL && *also != '\0'; also++)
		if ((found = memchr(s, *also, n)) != NULL)
			n = (size_t)(found - s);
	return n;
}

/* Bytes of the character at S, of LENGTH there are, if it may stand as it is; or 0. */
static size_t
plain(const char *s, size_t length, const char *also)
{
	unsigned char c = (unsigned char)*s;

	if (c >= 0x80)
		return utf8_shown(s, length);
	return c >= ' ' && c < 0x7f && (also == NULL || strchr(also, c) == NULL);
}

static size_t
hex(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[c >> 4];
	to[3] = digits[c & 15];
	return 4;
}

size_t
escape(char *to, size_t size, const char *from, size_t length, const char *also)
{
	char piece[4];
	size_t used = 0, i = 0, n, eaten;

	while (i < length) {
		n = simple(from + i, length - i, also);
		if (n > size - used - 1)
			n = size - used - 1;
		memcpy(to + used, from + i, n);
		used += n;
		i += n;
		if (i == length)
			break;
		n = eaten = plain(from + i, length - i, also);
		if (n > 0) {
			memcpy(piece, from + i, n);
		} else {
			n = hex(piece, (unsigned char)from[i]);
			eaten = 1;
		}
		if (n >= size - used)
			break;
		memcpy(to + used, piece, n);
		used += n;
		i += eaten;
	}
	to[used] = '\0';
	return used;
}

void
tame(char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = escape_plain(text, left);
		if (n == 0)
			n = plain(text, left, NULL);
		if (n > 0)
			continue;
		*text = (unsigned char)*text < 0x80 ? ' ' : '?';
		n = 1;
	}
}

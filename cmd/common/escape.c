/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "escape.h"
#include "utf8.h"

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
		n = plain(text, left, NULL);
		if (n > 0)
			continue;
		*text = (unsigned char)*text < 0x80 ? ' ' : '?';
		n = 1;
	}
}

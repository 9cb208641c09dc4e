/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "escape.h"
#include "utf8.h"

static int
plain(unsigned char c, const char *also)
{
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
		unsigned char c = (unsigned char)from[i];

		n = eaten = c < 0x80 ? (size_t)plain(c, also) : utf8_length(from + i, length - i);
		if (n > 0) {
			memcpy(piece, from + i, n);
		} else {
			n = hex(piece, c);
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

/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "fuzz.h"

unsigned
octet(struct octets *o)
{
	if (o->left == 0)
		return 0;
	o->left--;
	return *o->at++;
}

size_t
octets_take(struct octets *o, char *to, size_t size, size_t most)
{
	size_t n = octet(o);

	if (most > 255)
		n = n << 8 | octet(o);
	n = n < most ? n : most;
	n = n < o->left ? n : o->left;
	n = n < size ? n : size - 1;
	memcpy(to, o->at, n);
	to[n] = '\0';
	o->at += n;
	o->left -= n;
	return n;
}

/* The code point that U begins with, and its LENGTH; 0 for what is none, or not the shortest. */
static uint32_t
decode(const unsigned char *u, size_t n, size_t *length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t i;

	*length = *u >= 0xf0 ? 4 : *u >= 0xe0 ? 3 : 2;
	if (*u < 0xc0 || *u > 0xf7 || n < *length)
		return 0;
	point = *u & (0x7fU >> *length);
	for (i = 1; i < *length; i++) {
		if (u[i] >> 6 != 2)
			return 0;
		point = point << 6 | (u[i] & 0x3f);
	}
	return point < least[*length] || point > 0x10ffff || point >> 11 == 0x1b ? 0 : point;
}

static int
is_obeyed(uint32_t c)
{
	return c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || c == 0xe0001 ||
	    (c >= 0xe0020 && c <= 0xe007f);
}

static int
all_are(const char *s, size_t n, int shown)
{
	const unsigned char *u = (const unsigned char *)s, *end = u + n;
	size_t length;
	uint32_t c;

	for (; u < end; u += length) {
		length = 1;
		c = *u < 0x80 ? *u : decode(u, (size_t)(end - u), &length);
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f || (*u >= 0x80 && c < 0xa0) ||
		    (shown && is_obeyed(c)))
			return 0;
	}
	return 1;
}

int
is_text(const char *s, size_t n)
{
	return all_are(s, n, 0);
}

int
is_harmless_text(const char *s, size_t n)
{
	return all_are(s, n, 1);
}

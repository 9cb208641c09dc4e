/* SPDX-License-Identifier: ISC */
#include <stdint.h>

#include "utf8.h"

/* What the second octet may be is all that RFC 3629 says beyond the length. */
static const struct lead {
	unsigned char from, to, length, low, high;
} leads[] = {
	{ 0xc2, 0xc2, 2, 0xa0, 0xbf },  /* below it: C1 control characters */
	{ 0xc3, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },  /* below it: overlong */
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },  /* above it: surrogates */
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

size_t
utf8_length(const char *s, size_t length)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t i, k;

	for (i = 0; i < sizeof leads / sizeof *leads; i++)
		if (u[0] >= leads[i].from && u[0] <= leads[i].to)
			break;
	if (i == sizeof leads / sizeof *leads || length < leads[i].length)
		return 0;
	if (u[1] < leads[i].low || u[1] > leads[i].high)
		return 0;
	for (k = 2; k < leads[i].length; k++)
		if ((u[k] & 0xc0) != 0x80)
			return 0;
	return leads[i].length;
}

static const struct range {
	uint32_t from, to;
} obeyed[] = {
	{ 0x00ad, 0x00ad },             /* soft hyphen */
	{ 0x061c, 0x061c },             /* Arabic letter mark */
	{ 0x200b, 0x200f },             /* without a width; left-to-right and right-to-left mark */
	{ 0x2028, 0x202e },             /* line and paragraph separator; embeddings and overrides */
	{ 0x2060, 0x206f },             /* joiners and invisible operators; isolates */
	{ 0xfeff, 0xfeff },             /* byte order mark */
	{ 0xfff9, 0xfffb },             /* annotations */
	{ 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f },     /* language tags */
};

size_t
utf8_shown(const char *s, size_t length)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = utf8_length(s, length), i;
	uint32_t point;

	if (n == 0)
		return 0;
	point = u[0] & (0x7fU >> n);
	for (i = 1; i < n; i++)
		point = point << 6 | (u[i] & 0x3fU);
	for (i = 0; i < sizeof obeyed / sizeof *obeyed; i++)
		if (point >= obeyed[i].from && point <= obeyed[i].to)
			return 0;
	return n;
}

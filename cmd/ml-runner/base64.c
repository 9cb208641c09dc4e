/* SPDX-License-Identifier: ISC */
/* RFC 4648 section 4, without line ends. */
#include "base64.h"

void
base64(char *to, const char *from, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned long bits;
	size_t i, k, left;

	for (i = 0; i < n; i += 3) {
		left = n - i < 3 ? n - i : 3;
		bits = 0;
		for (k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? (unsigned char)from[i + k] : 0);
		for (k = 0; k < 4; k++)
			*to++ = k <= left ? digit[bits >> (18 - 6 * k) & 63] : '=';
	}
	*to = '\0';
}

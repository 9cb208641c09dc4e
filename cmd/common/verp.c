/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "verp.h"

/* 1: may stand unquoted in a local part (atext of RFC 5322, and the octets of UTF-8), or is a dot.
   An @ counts too, since it is replaced. */
#define ROW_1 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define ROW_0 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
static const unsigned char plain[256] = {
	ROW_0, ROW_0,
	0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1,         /* not: space " ( ) , */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1,         /* not: : ; < > */
	ROW_1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,         /* not: [ \ ] */
	ROW_1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,
	ROW_1, ROW_1, ROW_1, ROW_1, ROW_1, ROW_1, ROW_1, ROW_1
};

/* Two dots in a row, too, would have to be quoted. */
static int
is_plain(const char *s, size_t n)
{
	unsigned good = 1, dots = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		good &= plain[(unsigned char)s[i]];
		dots = dots << 1 | (s[i] == '.');
		good &= (dots & 3) != 3;
	}
	return good != 0;
}

int
verp_delims_ok(const char *delims)
{
	return strlen(delims) == 2 && strspn(delims, "-=+") == 2;
}

size_t
verp_room(const char *sender)
{
	const char *at = strrchr(sender, '@');
	size_t length = strlen(sender);

	if (at == NULL || *sender == '.' || !is_plain(sender, (size_t)(at - sender)))
		return 0;
	return length + 1 < VERP_PATH_MAX ? VERP_PATH_MAX - length - 1 : 0;
}

int
verp_fits(size_t room, const char *s, size_t n)
{
	return n > 0 && n <= room && s[n - 1] != '.' && is_plain(s, n);
}

static char *
put(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

int
verp_path(char *out, size_t size, const char *sender, const char *delims, const char *rcpt)
{
	size_t length = strlen(sender), n = strlen(rcpt);
	const char *from = strrchr(sender, '@'), *to = strrchr(rcpt, '@');

	if (size < VERP_PATH_SIZE)
		return -1;
	if (from == NULL || to == NULL || !verp_fits(verp_room(sender), rcpt, n)) {
		if (length >= VERP_PATH_SIZE)
			return -1;
		*put(out, sender, length) = '\0';
		return 1;
	}
	out = put(out, sender, (size_t)(from - sender));
	*out++ = delims[0];
	out = put(out, rcpt, (size_t)(to - rcpt));
	*out++ = delims[1];
	out = put(out, to + 1, n - (size_t)(to - rcpt) - 1);
	*put(out, from, length - (size_t)(from - sender)) = '\0';
	return 0;
}

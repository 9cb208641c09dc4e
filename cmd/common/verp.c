/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "verp.h"

/* BAD may not stand unquoted in a local part (atext of RFC 5322, and the octets of UTF-8).
   An @ is good, since it is replaced. */
enum { BAD = 1, DOT = 2 };

#define B BAD
#define D DOT
#define ROW_0 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define ROW_B B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B
static const unsigned char kind[256] = {
	ROW_B, ROW_B,
	B, 0, B, 0, 0, 0, 0, 0, B, B, 0, 0, B, 0, D, 0,         /* space " ( ) , . */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, 0, B, 0,         /* : ; < > */
	ROW_0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, 0, 0,         /* [ \ ] */
	ROW_0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B,         /* DEL */
	ROW_0, ROW_0, ROW_0, ROW_0, ROW_0, ROW_0, ROW_0, ROW_0
};

/* Two dots in a row, too, would have to be quoted. */
static int
is_plain(const char *s, size_t n)
{
	unsigned seen = 0, last = 0, one;
	size_t i;

	for (i = 0; i < n; i++) {
		one = kind[(unsigned char)s[i]];
		seen |= one & (last | BAD);
		last = one;
	}
	return seen == 0;
}

int
verp_delims_ok(const char *delims)
{
	return strlen(delims) == 2 && strspn(delims, "-=+") == 2;
}

int
verp_delims_are_atoms(const char *delims)
{
	return strlen(delims) == 2 && address_is_ascii(delims, 2) && strpbrk(delims, "@.") == NULL &&
	    is_plain(delims, 2);
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
	int atoms;

	if (n == 0 || n > room)
		return 0;
	if (address_is_simple(s, n, &atoms))
		return atoms;
	return s[n - 1] != '.' && memchr(s, '@', n) != NULL && is_plain(s, n);
}

static char *
put(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

int
verp_path(char *out, size_t size, size_t room, const char *sender, const char *delims, const char *rcpt)
{
	size_t length = strlen(sender), n = strlen(rcpt);
	const char *from, *to;

	if (size < VERP_PATH_SIZE)
		return -1;
	if (!verp_fits(room, rcpt, n)) {
		if (length >= VERP_PATH_SIZE)
			return -1;
		*put(out, sender, length) = '\0';
		return 1;
	}
	from = strrchr(sender, '@');
	to = strrchr(rcpt, '@');
	out = put(out, sender, (size_t)(from - sender));
	*out++ = delims[0];
	out = put(out, rcpt, (size_t)(to - rcpt));
	*out++ = delims[1];
	out = put(out, to + 1, n - (size_t)(to - rcpt) - 1);
	*put(out, from, length - (size_t)(from - sender)) = '\0';
	return 0;
}

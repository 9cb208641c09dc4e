/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "format.h"

struct brief
brief_age(uint64_t seconds)
{
	struct brief b;
	uint64_t n = seconds;
	char unit = 's';

	if (n >= 2 * 86400) {
		n /= 86400;
		unit = 'd';
	} else if (n >= 2 * 3600) {
		n /= 3600;
		unit = 'h';
	} else if (n >= 2 * 60) {
		n /= 60;
		unit = 'm';
	}
	(void)snprintf(b.text, sizeof b.text, "%" PRIu64 "%c", n, unit);
	return b;
}

struct brief
brief_size(uint64_t octets)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct brief b;
	uint64_t whole = octets, tenths = 0;
	size_t u = 0;

	for (; whole >= 1024; u++) {
		tenths = whole % 1024 * 10 / 1024;
		whole /= 1024;
	}
	if (u == 0 || whole >= 100)
		(void)snprintf(b.text, sizeof b.text, "%" PRIu64 " %s", whole, units[u]);
	else
		(void)snprintf(b.text, sizeof b.text, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths,
		    units[u]);
	return b;
}

struct brief
brief_count(uint64_t n, char mark)
{
	struct brief b;
	const char tail[] = { mark, '\0' };

	if (n == 0 && mark == '\0')
		(void)snprintf(b.text, sizeof b.text, "-");
	else
		(void)snprintf(b.text, sizeof b.text, "%" PRIu64 "%s", n, tail);
	return b;
}

uint64_t
elapsed(uint64_t now, uint64_t when)
{
	return now > when ? now - when : 0;
}

void
put_clean(FILE *out, const char *text, const char *also)
{
	char piece[1024];
	size_t length = strlen(text), n;

	/* in pieces, each cut before a character of several octets */
	for (; length > 0; text += n, length -= n) {
		n = length < 200 ? length : 200;
		while (n < length && n > 100 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		(void)escape(piece, sizeof piece, text, n, also);
		(void)fputs(piece, out);
	}
}

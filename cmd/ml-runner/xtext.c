/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "xtext.h"

/* The code point that begins at *S, which is then behind it.  The address is valid UTF-8. */
static unsigned long
code_point(const unsigned char **s)
{
	unsigned long c = *(*s)++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	if (more > 0)
		c &= 0x3fUL >> more;
	for (; more > 0 && **s != '\0'; more--)
		c = c << 6 | (*(*s)++ & 0x3fU);
	return c;
}

static int
put_one(char *out, size_t size, unsigned long c, int ascii)
{
	int plain = c > ' ' && c < 0x7f && c != '+' && c != '=' && (ascii || c != '\\');

	if (plain)
		return snprintf(out, size, "%c", (int)c);
	return snprintf(out, size, ascii ? "+%02lX" : "\\x{%02lX}", c);
}

int
xtext_address(char *out, size_t size, const char *address)
{
	const unsigned char *s = (const unsigned char *)address;
	int ascii = address_is_ascii(address, strlen(address));
	size_t used = (size_t)snprintf(out, size, "%s", ascii ? "rfc822;" : "utf-8;");
	int n;

	if (size > XTEXT_MAX + 1)
		size = XTEXT_MAX + 1;
	while (used < size && *s != '\0') {
		n = put_one(out + used, size - used, code_point(&s), ascii);
		if (n < 0)
			return -1;
		used += (size_t)n;
	}
	return used < size ? 0 : -1;
}

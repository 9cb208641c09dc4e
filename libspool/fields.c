/* SPDX-License-Identifier: ISC */
/* What may stand behind a recipient's address: key=value, a TAB before each. */
#include <stddef.h>

#include "spool.h"

static int
is_key_char(unsigned char c)
{
	return c > ' ' && c != 0x7f && c != '=';
}

/* An empty field is none: a database joins what is NULL to nothing. */
const char *
spool_fields_fault(const char *p, const char *end)
{
	const char *key;

	for (;; p++) {
		while (p < end && *p == '\t')
			p++;
		if (p == end)
			return NULL;
		for (key = p; p < end && is_key_char((unsigned char)*p); p++)
			;
		if (p == key || p == end || *p != '=')
			return "a field is not key=value";
		for (; p < end && *p != '\t'; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				return "control character in a field";
		if (p == end)
			return NULL;
	}
}

/* SPDX-License-Identifier: ISC */
#include <limits.h>

#include "number.h"

int
number(const char *text, unsigned long min, unsigned long max, unsigned long *n)
{
	unsigned long value = 0, digit;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		digit = (unsigned long)(*text - '0');
		if (value > (ULONG_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return -1;
	*n = value;
	return 0;
}

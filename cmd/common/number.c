/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <string.h>

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

size_t
number_put(char to[NUMBER_DIGITS], unsigned long long n)
{
	char digits[NUMBER_DIGITS];
	char *first = digits + sizeof digits;
	size_t length;

	do
		*--first = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	length = (size_t)(digits + sizeof digits - first);
	memcpy(to, first, length);
	return length;
}

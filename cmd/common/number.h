/* SPDX-License-Identifier: ISC */
#ifndef NUMBER_H
#define NUMBER_H

#include <stddef.h>

#define NUMBER_DIGITS 20                /* of the largest */

/* Reads TEXT, nothing but decimal digits, into *N.  0, or -1: no number, or not MIN to MAX. */
int number(const char *text, unsigned long min, unsigned long max, unsigned long *n);
/* Writes N in decimal to TO, without an end; how many digits. */
size_t number_put(char to[NUMBER_DIGITS], unsigned long long n);

#endif

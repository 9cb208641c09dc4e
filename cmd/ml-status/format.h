/* SPDX-License-Identifier: ISC */
/* Numbers in few columns, and foreign text made harmless. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdint.h>
#include <stdio.h>

struct brief {                          /* by value: use it as brief_age(n).text */
	char text[40];
};

/* 12s, 5m, 3h, 9d */
struct brief brief_age(uint64_t seconds);
/* 512 B, 3.4 KiB, … */
struct brief brief_size(uint64_t octets);
/* The number, or "-" for 0; MARK behind it unless that is 0. */
struct brief brief_count(uint64_t n, char mark);
/* Seconds from WHEN to NOW, 0 if it lies ahead. */
uint64_t elapsed(uint64_t now, uint64_t when);
/* Writes TEXT with everything escaped that is not printable, or is in ALSO (may be NULL). */
void put_clean(FILE *out, const char *text, const char *also);

#endif

/* SPDX-License-Identifier: ISC */
/* Makes text from outside harmless for a terminal and a log line. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>

/*
 * Copies LENGTH bytes of FROM into TO (SIZE > 0 bytes, always NUL-terminated).  Control characters,
 * C1 and DEL among them, others that a terminal obeys (utf8_shown), and bytes that are no valid UTF-8
 * become \xNN; so do those in ALSO (NULL: none).  A backslash stays, unless it is in ALSO.  What does not fit is left out, never by half.
 * Returns the length of what is in TO.
 */
size_t escape(char *to, size_t size, const char *from, size_t length, const char *also);
/* The same in place, in no more room: a space or, for what is not ASCII, a question mark for each byte. */
void tame(char *text);
/* How many of the LENGTH bytes at TEXT, from its beginning, are printable ASCII, but no quote or backslash. */
size_t escape_plain(const char *text, size_t length);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* Octets (2 to 4) of the valid UTF-8 sequence that S begins with, LENGTH at hand; 0 if there is
   none (overlong, surrogate, beyond U+10FFFF, cut short), or if it is a control character (U+0080
   to U+009F).  The first octet is not ASCII. */
size_t utf8_length(const char *s, size_t length);
/* The same, and 0 also for a character that is not seen and that a terminal obeys: it reorders what
   stands around it, breaks the line, or hides. */
size_t utf8_shown(const char *s, size_t length);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)  /* with its NUL */

void base64(char *to, const char *from, size_t n);

#endif

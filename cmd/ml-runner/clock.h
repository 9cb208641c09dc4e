/* SPDX-License-Identifier: ISC */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that nobody sets. */
int64_t clock_ms(void);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Milliseconds and microseconds of a clock that nobody sets. */
int64_t clock_ms(void);
int64_t clock_us(void);

#endif

/* SPDX-License-Identifier: ISC */
/* Time for waiting; what lasts longer than a process is counted in ORDERs instead. */
#include <time.h>

#include "clock.h"

int64_t
clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

/* SPDX-License-Identifier: ISC */
/* Time for waiting; what lasts longer than a process is counted in ORDERs instead. */
#include <time.h>

#include "clock.h"

int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

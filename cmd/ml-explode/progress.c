/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "progress.h"

#define PATIENCE 500            /* milliseconds before the first line */
#define INTERVAL 200            /* and between two */

static uint64_t
now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
progress_begin(struct progress *p)
{
	p->on = isatty(STDERR_FILENO);
	p->shown = 0;
	p->started = p->drawn = p->on ? now() : 0;
}

void
progress_tick(struct progress *p, uint64_t rcpts)
{
	char line[80];
	uint64_t t;
	int n;

	if (!p->on)
		return;
	t = now();
	if (t < p->started + PATIENCE || t < p->drawn + INTERVAL)
		return;
	n = snprintf(line, sizeof line, "\r%" PRIu64 " recipients, %" PRIu64 " a second  ", rcpts,
	    rcpts * 1000 / (t - p->started));
	if (n > 0 && (size_t)n < sizeof line)
		(void)io_write(STDERR_FILENO, line, (size_t)n);
	p->drawn = t;
	p->shown = 1;
}

void
progress_clear(struct progress *p)
{
	static const char clear[] = "\r\033[K";

	if (p->shown)
		(void)io_write(STDERR_FILENO, clear, sizeof clear - 1);
	p->shown = 0;
}

/* SPDX-License-Identifier: ISC */
/* A line for who watches a terminal, and for nobody else. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

struct progress {
	int on;                         /* stderr is a terminal */
	int shown;
	uint64_t started, drawn;        /* milliseconds */
};

void progress_begin(struct progress *p);
/* Draws the line anew if it is time to. */
void progress_tick(struct progress *p, uint64_t rcpts);
/* Takes it away, for an error line or for good. */
void progress_clear(struct progress *p);

#endif

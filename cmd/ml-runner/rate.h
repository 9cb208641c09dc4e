/* SPDX-License-Identifier: ISC */
#ifndef RATE_H
#define RATE_H

#include "work.h"

/* -r: the share of it that the NUMBERth process (from 0) has.  -1: no memory. */
int rate_begin(struct runner *r, unsigned long number);
/* clock_ms() at which the next recipient may go; 0: now. */
int64_t rate_wait(const struct runner *r);
/* So many recipients are on their way. */
void rate_spend(struct runner *r, size_t recipients);
/* The most recipients of one transaction. */
size_t rate_most(const struct runner *r, size_t wanted);
void rate_end(struct runner *r);

#endif

/* SPDX-License-Identifier: ISC */
/* What mark.c and gather.c share. */
#ifndef SPOOL_MARKS_H
#define SPOOL_MARKS_H

#include "spool.h"

#define MARK_OCTETS 4

/* TEXT gets the octets of a mark. */
void spool_mark_text(char text[MARK_OCTETS], char state, int code);
/* Remembers what is written at AT until the next good sync; NULL where there is no memory for it. */
struct spool_written *spool_remember(struct spool_envelope *e, off_t at, const char *data, size_t length);
/* Syncs where there is so much to remember that it would fill the memory: 0, or -1. */
int spool_marks_bound(struct spool_envelope *e);
/* One recipient more is STATE, and one less to do. */
void spool_recount(struct spool_envelope *e, char state);
/* Writes the first of the COUNT marks at W, all of them D, that one write can carry: how many, or 0 if
   it failed. */
size_t spool_marks_run(struct spool_envelope *e, const struct spool_written *w, size_t count);
/* -1, and E is failing. */
int spool_failing(struct spool_envelope *e);

#endif

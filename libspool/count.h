/* SPDX-License-Identifier: ISC */
/* Counting an envelope's recipients anew. */
#ifndef SPOOL_COUNT_H
#define SPOOL_COUNT_H

#include "spool.h"

/* Sets rcpts, todo, untried, delivered, failed, notes and noted from the file; at most e->rcpts
   recipients are looked for.  EBADMSG: a line that is none, or without its end. */
int spool_envelope_count(struct spool_envelope *e);

#endif

/* SPDX-License-Identifier: ISC */
/* Where the next claim comes from. */
#ifndef QUEUE_H
#define QUEUE_H

#include "work.h"

int queue_open(struct runner *r);
void queue_close(struct runner *r);
/* Looks into new/ afresh: names seen there (0: none, or paused, or surplus), or -1 (reported). */
long queue_look(struct runner *r);
/* Claims the next envelope: 1, 0 when there is nothing to claim now, -1 (reported). */
int queue_claim(struct runner *r, struct spool_envelope *e);
/* 1 if -m says that enough others live. */
int queue_surplus(struct runner *r);
/* Live runners that come before this one. */
int queue_before(struct runner *r);

#endif

/* SPDX-License-Identifier: ISC */
/* Between staging, publishing and keys. */
#ifndef SPOOL_STAGE_H
#define SPOOL_STAGE_H

#include "spool.h"

/* Makes durable all that is staged, but for the name in tmp/. */
int spool_stage_sync(struct spool_stage *st);
/* 0, or -1 with ETIMEDOUT once a sweeper may soon take the staging away. */
int spool_stage_in_time(struct spool_stage *st);
/* Removes tmp/.text.*; keeps errno. */
void spool_stage_drop_texts(struct spool_stage *st);

#endif

/* SPDX-License-Identifier: ISC */
/* Between the parts of staging, publishing and keys. */
#ifndef SPOOL_STAGE_H
#define SPOOL_STAGE_H

#include "spool.h"

/* stage.c: the UNIQUE of the K-th envelope */
int spool_stage_unique(const struct spool_stage *st, unsigned long k, char unique[SPOOL_UNIQUE_SIZE]);
/* fsync, but where one sync of everything will stand for it. */
int spool_stage_sync_now(struct spool_stage *st, int fd, const char *name);
/* Ends the thread that writes, if there is one. */
void spool_stage_settle(struct spool_stage *st);
/* Makes durable all that is staged, but for the name in tmp/. */
int spool_stage_sync(struct spool_stage *st);
/* 0, or -1 with ETIMEDOUT once a sweeper may soon take the staging away. */
int spool_stage_in_time(struct spool_stage *st);
/* head.c: puts the head before the recipients in the buffer: its length, or -1.  Without COUNTED it
   has ten digits for the count, patched later. */
int spool_stage_put_head(struct spool_stage *st, int counted);
int spool_stage_patch_count(struct spool_stage *st);
/* text.c */
int spool_stage_open_text(struct spool_stage *st);
/* Links the text to mess/ for the K-th envelope, which stands in tmp/. */
int spool_stage_link_text(struct spool_stage *st, unsigned long k);
int spool_stage_sync_text(struct spool_stage *st);
/* Removes tmp/.text.*; keeps errno. */
void spool_stage_drop_texts(struct spool_stage *st);

#endif

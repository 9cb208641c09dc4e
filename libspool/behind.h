/* SPDX-License-Identifier: ISC */
/* A thread that writes whole envelopes beside who fills them. */
#ifndef SPOOL_BEHIND_H
#define SPOOL_BEHIND_H

#include "spool.h"

struct spool_behind;

/* NULL where no thread or no memory can be had: who asked goes on alone. */
struct spool_behind *spool_behind_start(const struct spool *s);
/* Writes DATA, with K, which grows, as its number, to a new file tmp/PATH.  Waits for room. */
int spool_behind_put(struct spool_behind *b, struct spool *s, const char *path, unsigned long k,
    const char *data, size_t length);
/* Sets K to the last one that was written; waits for all of them if ALL. */
int spool_behind_written(struct spool_behind *b, struct spool *s, int all, unsigned long *k);
/* Ends the thread, which leaves what it has not begun, and frees B.  Keeps errno. */
void spool_behind_end(struct spool_behind *b);

#endif

/* SPDX-License-Identifier: ISC */
/* What behind.c and its two threads share. */
#ifndef SPOOL_HELPERS_H
#define SPOOL_HELPERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "spool.h"

#define SLOTS      32
#define BATCH      16         /* the thread is not woken for less: waking costs as much as a file */
#define BACKLOG    64         /* envelopes that may wait for their link */
#define EARLY      1024       /* envelopes, whoever wrote them, and their way to the disk begins */
_Static_assert(BATCH < SLOTS && SLOTS <= BACKLOG, "there must be room for a batch, and for its links");

struct job {
	char path[2 * SPOOL_NAME_SIZE];
	size_t from, length;            /* in its slot's buffer */
};

struct spool_behind {
	pthread_t thread, syncer;
	int has_syncer;
	struct spool spool, syncers;    /* each thread's own copy */
	atomic_ulong put, done;         /* jobs so far; those between are the thread's */
	atomic_int hurry, ending;
	atomic_ulong staged, synced;    /* envelopes so far; when an early sync began */
	atomic_int thread_sleeps, we_sleep, syncer_sleeps;
	pthread_mutex_t lock;
	pthread_cond_t work, end, early;

	pthread_mutex_t text;           /* for what follows */
	struct spool linker;
	struct spool_stage stage;       /* of which only the text is used */
	atomic_ulong linked;            /* of those done */
	atomic_int failed;              /* errno of what failed first, */
	char object[SPOOL_PATH_SIZE];   /* and over what */

	unsigned long number[BACKLOG];  /* which envelope a job is */
	struct job job[SLOTS];
	char buffer[SLOTS][SPOOL_STAGE_BUFFER];
};

/* Writes envelopes, and links the text where none waits to be written: a thread's whole life. */
void *spool_help_write(void *behind);
/* Begins to sync early what is written: likewise. */
void *spool_help_sync(void *behind);
/* Links the text to one envelope that stands in tmp/: 1, or 0 where none waits for it. */
int spool_help_link(struct spool_behind *b);
/* Links it to the K-th envelope, which stands there too. */
void spool_help_link_own(struct spool_behind *b, unsigned long k);
/* Sleeps until all that was handed over is written, or something failed. */
void spool_help_await_end(struct spool_behind *b);
/* There may be enough to do for the threads now. */
void spool_help_wake(struct spool_behind *b);

#endif

/* SPDX-License-Identifier: ISC */
/* What the files of ml-requeue share. */
#ifndef REQUEUE_H
#define REQUEUE_H

#include "spool.h"

/* A wait is cut to this, so that the heartbeat stays well under its 30 s. */
#define BEAT_SECONDS 20

struct requeue {
	struct spool spool;
	struct spool_runner runner;
	int joined;                     /* run/RUNNER is ours */
	int all_due;
	unsigned lease, keep;           /* seconds, days */
	unsigned long interval;         /* seconds; 0: one round */
	struct spool_lease *lease_notes;/* from round to round */
};

/* round.c: all phases of one round, whatever became of the one before.  EX_OK, or the code of
   the first failure, each of which was told. */
int round_make(struct requeue *q);
/* A heartbeat, or registers where that has not worked yet; a revoked process takes a new name. */
int round_beat(struct requeue *q);
/* Leaves the spool; claims that are still in hand go back. */
int round_leave(struct requeue *q);

/* wait.c: signals, which are only let in while it waits */
void wait_setup(void);
/* 1 once INT or TERM has come. */
int wait_stopped(void);
/* Waits SECONDS; less if a signal comes.  1 if it was HUP or ALRM: look now. */
int wait_seconds(unsigned long seconds);

/* log.c: logfmt lines on stderr */
void log_round(const struct spool_round *w);
/* For spool_round.tell. */
void log_tell(void *context, const char *event, const char *object);
/* For spool.stranger: each once. */
void log_stranger(void *context, const char *object, const char *reason);

#endif

/* SPDX-License-Identifier: ISC */
/* What a runner does besides its work: heartbeat, syncing, waiting. */
#ifndef TEND_H
#define TEND_H

#include "work.h"

#define TEND_DOZE_MS 50

enum { WAIT_IO = 1, WAIT_TRIGGER = 2, WAIT_SIGNAL = 4 };

/* Waits till FD (or none, -1) has EVENTS, the trigger is pulled (if WITH_TRIGGER), a signal came, or
   clock_ms() is UNTIL (-1: no end).  What happened, 0: only time passed.  *REVENTS gets poll's word. */
int tend_wait(struct runner *r, int fd, short events, int64_t until, int with_trigger, short *revents);
/* The same for input on IN and room on OUT (-1: not asked for), which may be one descriptor. */
int tend_wait_both(struct runner *r, int in, int out, int64_t until, short *in_happened);
/* 1 if a wait till UNTIL may begin with TEND_DOZE_MS in which nothing else is looked at.  A signal
   ends them, but for one that comes just before. */
int tend_may_doze(struct runner *r, int64_t until);
/* Heartbeat and syncs that are due. */
void tend(struct runner *r);
/* To be asked before a byte is sent for a claim.  1: go on.  0: marks can't be written, or this
   process was away too long and has lost claims: send nothing now. */
int tend_may_send(struct runner *r);
/* 1 while marks can't be written, after another try: plan nothing. */
int tend_stuck(struct runner *r);
void tend_state(struct runner *r, enum spool_state state);
/* The MTA's last refusal, for run/RUNNER. */
void tend_last(struct runner *r, const char *text);

#endif

/* SPDX-License-Identifier: ISC */
/* A producer's early end: INT, TERM and HUP make reads fail, so that it can clean up. */
#ifndef STOP_H
#define STOP_H

/* Catches the three signals, but leaves ignored what its parent ignores.  0, or -1 with errno. */
int stop_catch(void);
/* Where ON is 1 they also end a call that has no end of its own, with EINTR, till it is 0 again.  0, or -1
   with errno. */
int stop_interrupts(int on);
/* 1 once one of them has come; 0 before, and where stop_catch() was not called. */
int stop_asked(void);
/* A descriptor that is readable once one has come, or -1. */
int stop_fd(void);

#endif

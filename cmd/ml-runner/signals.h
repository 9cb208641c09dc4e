/* SPDX-License-Identifier: ISC */
/* Signals, as flags and a descriptor that can be polled. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <sys/types.h>

struct signals {
	volatile sig_atomic_t stop;     /* how often we were told to end, by TERM or INT */
	volatile sig_atomic_t reconnect;/* HUP */
	volatile sig_atomic_t look;     /* ALRM */
	volatile sig_atomic_t child;    /* CHLD */
};

extern struct signals signals;

/* First of all: a signal before signals_catch() sets its flag and ends nobody.  0, or -1 with errno. */
int signals_note(void);
/* As well, and what wakes poll(); anew in a child that forked.  0, or -1 with errno. */
int signals_catch(void);
/* In a child: PID passes on what it gets, so that one stop sent to both of us is still one. */
void signals_parent(pid_t pid);
/* Readable once a signal came. */
int signals_fd(void);
/* Empties it. */
void signals_drain(void);
/* For a child before exec: everything as it was. */
void signals_default(void);

#endif

/* SPDX-License-Identifier: ISC */
/* A command that carries a session on its stdin and stdout. */
#ifndef OVER_H
#define OVER_H

#include <stddef.h>
#include <sys/types.h>

struct over {
	pid_t pid;                      /* 0: none */
	int ended;
	int status;                     /* as waitpid() tells it, once it has ended */
};

/* Starts it; our end of the socket that is its stdin and stdout, or -1 with errno, which is exec's
   where that failed. */
int over_start(struct over *o, char **command);
/* How it ended, given a moment; it has closed its end. */
void over_tell(struct over *o, char *why, size_t size);
/* Our end is closed: its end is awaited, and brought about if it does not come, or as soon as WAKE,
   which may be -1, hangs up. */
void over_end(struct over *o, int wake);

#endif

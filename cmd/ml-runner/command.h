/* SPDX-License-Identifier: ISC */
/* A pipe transport's command, once for one transaction. */
#ifndef COMMAND_H
#define COMMAND_H

#include "work.h"

#define COMMAND_ABANDONED (-1)          /* dropped by a second signal, or cut off: its outcome is in doubt */

struct command_result {
	int code;                       /* as a shell tells it: 128 and the signal; or COMMAND_ABANDONED */
	int timed_out;
	char text[300];                 /* the last line it wrote to stderr */
};

/* Runs it to its end.  0, or -1 with errno if it could not be started. */
int command_run(struct runner *r, const struct transaction *t, struct command_result *result);

#endif

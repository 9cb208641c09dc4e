/* SPDX-License-Identifier: ISC */
/* A producer's message: from a descriptor into its stage, with what the envelopes say about it. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "header.h"
#include "text.h"

struct spool_stage;

struct message {
	struct text text;
	struct header header;
};

/* Copies the message that FD gives, NAME in messages, into ST and sets body and id of its head.
   TAKE: as in header.h.  SUMMED: as in text.h.  EX_OK, or another exit code, told on stderr. */
int message_stage(struct message *m, struct spool_stage *st, int fd, const char *name, int take,
    int summed);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef EXPLODE_H
#define EXPLODE_H

#include "list.h"
#include "message.h"
#include "progress.h"
#include "spool.h"

struct explode {
	/* as asked for */
	const char *sender;
	const char *verp;               /* two delimiters, or NULL */
	const char *key;                /* or NULL */
	unsigned long most;             /* recipients an envelope */
	int skip;                       /* bad lines */
	const char *list_name, *message_name;
	int list_fd, message_fd;
	/* at work */
	struct spool spool;
	struct message message;
	struct list list;
	struct progress progress;
	size_t room;                    /* for a recipient in a VERP path */
	uint64_t rcpts;                 /* so far */
	struct spool_stage stage;
};

/* Stages the broadcast and publishes it.  The exit code.  If *NAMED is set, x->stage.name is to be
   printed, even where the code is not EX_OK: a key that was taken names its owner. */
int explode(struct explode *x, int *named);

/* key.c: publishes under x->key.  As explode(). */
int publish_key(struct explode *x, int *named);
/* For a list that nothing can be sent to: 1 if x->key was used before, so for another one, or that can't
   be known; *CODE and *NAMED as explode().  0: it was not. */
int key_was_used(struct explode *x, int *named, int *code);
/* Tells what the spool's failure was about; the exit code. */
int spool_failed(const struct explode *x);

#endif

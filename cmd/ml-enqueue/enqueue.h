/* SPDX-License-Identifier: ISC */
#ifndef ENQUEUE_H
#define ENQUEUE_H

#include "list.h"
#include "message.h"
#include "spool.h"

struct enqueue {
	/* as asked for */
	const char *sender;
	int take;                       /* -t */
	const char *file;               /* -r, or NULL */
	int file_fd;
	char **args;                    /* recipients, NULL-terminated, checked */
	/* at work */
	struct spool spool;
	struct message message;
	struct list list;
	uint64_t rcpts;                 /* so far */
	struct spool_stage stage;
};

/* Stages the message from stdin and its envelope and publishes them.  The exit code; nothing is
   left of it unless that is EX_OK.  Without any recipient nothing is published, either. */
int enqueue(struct enqueue *e);

#endif

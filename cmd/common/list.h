/* SPDX-License-Identifier: ISC */
/* Reading a list of recipients, one a line, in constant memory. */
#ifndef LIST_H
#define LIST_H

#include <stddef.h>
#include <stdint.h>

#include "cksum.h"

#define LIST_WINDOW 65536

struct list {
	int fd;
	int summed;             /* the caller wants the cksum of what is read */
	struct cksum sum;
	uint64_t line;          /* of what was returned last, from 1 */
	const char *fault;      /* why it is bad */
	uint64_t reads;         /* windows read so far: a slow clock for the caller */
	int begun, ended;       /* begun: a byte order mark was looked for */
	size_t from, to;        /* what of the window is unread */
	char window[LIST_WINDOW];
};

/* An address, and behind a TAB its fields, as they stand in the list. */
struct list_line {
	const char *text;       /* valid till the next call */
	size_t length;
	size_t address;         /* length of the address */
	int atoms;              /* as address_look() has it */
};

void list_begin(struct list *l, int fd);
/* 1: a recipient, checked.  2: a bad line; the next call goes on behind it.  0: the end.
   -1: errno. */
int list_next(struct list *l, struct list_line *r);

#endif

/* SPDX-License-Identifier: ISC */
/* A message's text on its way out. */
#ifndef BODY_H
#define BODY_H

#include <sys/types.h>

#include "spool.h"

struct body {
	int fd;
	off_t size;                     /* octets on disk, as SIZE and BDAT count them */
	dev_t device;
	ino_t inode;
	char *stuffed;                  /* a small text, dot-stuffed and with its lone dot, or NULL */
	size_t stuffed_length;
	unsigned uses;
};

/* The text of UNIQUE; the last one is kept, since a broadcast's envelopes share theirs.
   NULL with errno (ENOENT: there is none). */
struct body *body_open(struct spool *s, const char *unique);
void body_close(struct body *b);

struct body_reader {                    /* where a large text has come to */
	off_t at;
	int line_start;
	char last;                      /* the octet before the next one */
	int ended;                      /* so far it ends in CRLF */
	int finished;
};

void body_begin(struct body_reader *b);
/* Writes the next part, dot-stuffed, of at most SIZE bytes; after the text its lone dot.  0: all
   is out.  -1: it can't be read. */
ssize_t body_next(struct body *b, struct body_reader *at, char *to, size_t size);

#endif

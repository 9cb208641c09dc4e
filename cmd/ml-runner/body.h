/* SPDX-License-Identifier: ISC */
/* A message's text on its way out. */
#ifndef BODY_H
#define BODY_H

#include <sys/types.h>

#include "spool.h"

struct body {
	int fd;
	off_t size;                     /* octets on disk */
	dev_t device;
	ino_t inode;
	off_t octets;                   /* on the wire, not stuffed: with the last CRLF */
	char *text;                     /* a small text as BDAT sends it, or NULL */
	char *stuffed;                  /* and as DATA does, with its lone dot; maybe the same memory */
	size_t stuffed_length;
	unsigned uses;
};

/* The text of UNIQUE; the last one is kept, since a broadcast's envelopes share theirs.
   NULL with errno (ENOENT: there is none). */
struct body *body_open(struct spool *s, const char *unique);
void body_close(struct body *b);

struct body_reader {                    /* where a large text has come to */
	off_t at;
	int stuff;                      /* for DATA */
	int line_start;
	int finished;
};

/* STUFF: for DATA, dot-stuffed, and its lone dot at the end; otherwise as BDAT counts it. */
void body_begin(struct body_reader *b, int stuff);
/* Writes the next part, of at most SIZE bytes.  0: all is out.  -1: it can't be read. */
ssize_t body_next(struct body *b, struct body_reader *at, char *to, size_t size);

#endif

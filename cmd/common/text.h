/* SPDX-License-Identifier: ISC */
/* A message's way into wire form. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "cksum.h"

#define TEXT_LINE_MAX 998       /* octets, without CRLF (RFC 5322, 2.1.1) */

struct text {
	int fd;                 /* where the wire form goes */
	int summed;             /* the caller wants the cksum */
	/* If not NULL it gets the wire form in pieces and hands what is to be kept to text_put();
	   N is 0 at the end.  It may set tap to NULL, and is not called again then.
	   0; -1 with errno; 1 with fault set. */
	int (*tap)(void *context, struct text *t, const char *bytes, size_t n);
	void *context;
	uint64_t size;          /* octets kept */
	int eight;              /* 1: there is 8-bit text among them */
	struct cksum sum;       /* of them */
	int reading;            /* the errno is from reading */
	const char *fault;      /* why it is refused */
	uint64_t line;          /* and where, counted from 1; 0: no line in particular */
};

/* Begins a text that goes to FD; the caller sets tap, context and summed, if it wants them. */
void text_begin(struct text *t, int fd);
/* Copies all that IN gives.  0; -1: errno, and see reading; 1: refused, see fault and line. */
int text_copy(struct text *t, int in);
/* For taps: writes wire form as it is.  0, or -1 with errno. */
int text_put(struct text *t, const char *bytes, size_t n);

#endif

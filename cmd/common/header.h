/* SPDX-License-Identifier: ISC */
/* The header of a message on its way into the spool: Message-ID, and recipients for `-t`. */
#ifndef HEADER_H
#define HEADER_H

#include <stddef.h>

#include "address.h"
#include "text.h"

#define HEADER_MAX 1048576      /* octets; a longer one is not looked at, and refused with `-t` */
#define HEADER_ID_MAX 512

struct header {
	int take;               /* `-t`: drop Bcc, insist on a real header, keep it */
	char id[HEADER_ID_MAX + 1];     /* the Message-ID with its brackets, "" if there is none */
	char *bytes;            /* the header as it came, CRLF, if `take` */
	size_t used, room;
	size_t seen;            /* the end of the header is not in front of this */
	size_t field, at;       /* where header_next() stands: its field's end, and in it */
	char address[ADDRESS_MAX + 2];  /* room to tell what is too long */
	size_t length;
};

/* Sets T's tap, so that H sees the header as it passes. */
void header_begin(struct header *h, struct text *t, int take);
/* The next recipient of To, Cc and Bcc, in the order of the header: 1, in h->address, not checked
   yet.  0: no more.  -1: what stands in h->address is no address. */
int header_next(struct header *h);
void header_free(struct header *h);

#endif

/* SPDX-License-Identifier: ISC */
/* Replies as bytes come in. */
#ifndef REPLY_H
#define REPLY_H

#include "outcome.h"

#define REPLY_OCTETS_MAX 65536          /* of one reply, all its lines */

struct reply_parser {
	int begun;                      /* inside a multi-line reply */
	enum skip {                     /* the rest of a line that is too long */
		SKIP_NOTHING, SKIP_ANOTHER, SKIP_LAST
	} skipping;
	size_t octets;
	size_t kept;                    /* of the text below */
	struct reply reply;
};

/* Takes from the N bytes at DATA what belongs to one reply; *USED tells how many.
   1: P->reply is whole.  0: more is needed.  -1: that is no SMTP. */
int reply_parse(struct reply_parser *p, const char *data, size_t n, size_t *used);

#endif

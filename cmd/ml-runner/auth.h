/* SPDX-License-Identifier: ISC */
#ifndef AUTH_H
#define AUTH_H

#include "session.h"

/* Takes note of what a line of EHLO's answer says of AUTH. */
void auth_offer(struct session *s, const char *word, size_t n);
/* Says who we are.  1: the server knows us.  0: P says why not.  -1: the session is dead. */
int auth(struct runner *r, struct reply *p);

#endif

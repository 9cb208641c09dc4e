/* SPDX-License-Identifier: ISC */
/* Transactions on their way, and the replies that the server owes for them. */
#ifndef FLIGHT_H
#define FLIGHT_H

#include "session.h"

/* A transaction to fill, from the spare ones or new; NULL without memory. */
struct transaction *flight_spare(struct session *s);
void flight_return(struct session *s, struct transaction *t);
/* T is on its way: the youngest. */
void flight_add(struct session *s, struct transaction *t);
/* T has ended, and its job may be finished; what was void of it is sent once more first. */
void flight_end(struct runner *r, struct transaction *t);
int flight_expect(struct session *s, enum expected_kind kind, struct transaction *t, size_t target);
/* What is owed for T's text, from now on. */
int flight_expect_text(struct session *s, struct transaction *t);
/* The oldest reply that is owed; there must be one. */
struct expected flight_next(struct session *s);
/* Drops everything that is on its way, unanswered.  BLAME: the oldest transaction is what the
   connection was lost over, so that its recipients come last, and its envelope goes alone. */
void flight_lost(struct runner *r, int blame, const char *why);

#endif

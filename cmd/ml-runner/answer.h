/* SPDX-License-Identifier: ISC */
#ifndef ANSWER_H
#define ANSWER_H

#include "session.h"

/* Does what the reply, the next one owed, asks for.  0, or -1 when the session is over. */
int answer(struct runner *r, const struct reply *p);

#endif

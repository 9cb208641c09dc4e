/* SPDX-License-Identifier: ISC */
#ifndef SEND_H
#define SEND_H

#include "session.h"

/* Puts the next piece of the transaction being sent, a command or some text, behind what goes out.
   1: done.  0: the server must speak first.  -1: the session is dead. */
int send_next(struct runner *r);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef PLAN_H
#define PLAN_H

#include "work.h"

/* Plans the next transaction, claiming another envelope if it must: 1; 0 when there is nothing to
   send now (nothing ready, a stop, a rate); -1 when something failed (reported). */
int plan_next(struct runner *r, struct transaction *t);

#endif

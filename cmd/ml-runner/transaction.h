/* SPDX-License-Identifier: ISC */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include "work.h"

/* Fills T with recipients of J, which it is on its way for from now on: 1, 0 when nobody is left, -1. */
int transaction_plan(struct runner *r, struct job *j, struct transaction *t);

#endif

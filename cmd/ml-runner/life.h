/* SPDX-License-Identifier: ISC */
#ifndef LIFE_H
#define LIFE_H

#include "options.h"

/* One runner from its registration to its end.  PARENT is a pipe that ends with the parent, or -1;
   NUMBER tells one of -j from the others.  The exit code. */
int life(const struct options *o, int parent, unsigned long number);

#endif

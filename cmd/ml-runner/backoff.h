/* SPDX-License-Identifier: ISC */
#ifndef BACKOFF_H
#define BACKOFF_H

#include "work.h"

/* Keeps off for a while, about twice as long as the last time: 1 s to 5 min. */
void backoff_longer(struct backoff *b);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef CONNECT_H
#define CONNECT_H

#include "work.h"

/* A non-blocking descriptor connected to the runner's HOST and PORT, or socket path; each address
   is tried.  -1: WHY says what the last one answered. */
int connect_mta(struct runner *r, int64_t ms, char *why, size_t size);

#endif

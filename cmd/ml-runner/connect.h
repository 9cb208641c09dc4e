/* SPDX-License-Identifier: ISC */
#ifndef CONNECT_H
#define CONNECT_H

#include <sys/socket.h>

#include "work.h"

/* A non-blocking descriptor connected to the runner's HOST and PORT, or socket path; each address
   is tried.  -1: WHY says what the last one answered. */
int connect_mta(struct runner *r, int64_t ms, char *why, size_t size);

/* 1 if no address of the server in O is another host's, as far as is known now. */
int connect_stays_here(const struct options *o);
/* 1 for a loopback address or a local socket. */
int connect_is_local(const struct sockaddr *to);

#endif

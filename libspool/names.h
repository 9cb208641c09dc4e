/* SPDX-License-Identifier: ISC */
/* Names that only the library makes. */
#ifndef SPOOL_NAMES_H
#define SPOOL_NAMES_H

#include "spool.h"

#define SPOOL_HOST_SIZE 41

/* This host, cut to forty and of NAME's characters. */
void spool_host(char host[SPOOL_HOST_SIZE]);
int spool_new_runner(char runner[SPOOL_RUNNER_SIZE]);
int spool_claim_file(char file[SPOOL_CLAIM_SIZE], const char *name, const char *runner);

#endif

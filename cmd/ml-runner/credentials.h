/* SPDX-License-Identifier: ISC */
/* -a: a name and a password, from a file that nobody else can read. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stddef.h>

#define CREDENTIALS_MAX 1000            /* octets of both */

struct credentials {
	char text[CREDENTIALS_MAX + 2];
	const char *user, *password;    /* in it */
};

/* NULL; or what is wrong with the file, and *CODE says how to exit for it. */
const char *credentials_read(const char *path, struct credentials *c, int *code);
/* Leaves nothing of it in memory. */
void credentials_wipe(void *what, size_t size);

#endif

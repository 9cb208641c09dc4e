/* SPDX-License-Identifier: ISC */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "work.h"

/* Octets that the system leaves to the recipients of one invocation, their NULs and pointers included. */
size_t arguments_room(char **command);
/* The command's arguments for T, in one allocation that the caller frees; NULL without memory. */
char **arguments_make(char **command, const struct transaction *t);

#endif

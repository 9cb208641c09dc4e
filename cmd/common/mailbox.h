/* SPDX-License-Identifier: ISC */
/* The addresses in a field such as To (RFC 5322, 3.4), old forms included. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stddef.h>

/*
 * Reads the next mailbox of TEXT from *AT on, before END: names, comments, groups, folding and
 * routes are left out.  1: its address is in ADDRESS, NUL-terminated and cut to SIZE, *LENGTH long.
 * -1: the piece is no mailbox; ADDRESS is the piece as it stands.  0: there is no more.
 */
int mailbox_next(const char *text, size_t *at, size_t end, char *address, size_t size,
    size_t *length);

#endif

/* SPDX-License-Identifier: ISC */
/* The return path that carries the recipient: news+ann=example.com@lists.example.org. */
#ifndef VERP_H
#define VERP_H

#include <stddef.h>

#include "address.h"

#define VERP_PATH_MAX 256
#define VERP_PATH_SIZE (ADDRESS_MAX + 1)        /* a plain sender may be longer */

/* 1 if DELIMS is two characters of "-=+", else 0. */
int verp_delims_ok(const char *delims);
/* 1 if DELIMS is two octets that need no quotes wherever they stand, as an envelope of others may have them. */
int verp_delims_are_atoms(const char *delims);

/* Octets that SENDER leaves for a recipient; 0 if it can't be expanded at all (null, or quoted). */
size_t verp_room(const char *sender);
/* 1 if a return path for the recipient of N octets at S can be made in ROOM, else 0.  A stranger's
   envelope may hold one without an @, who has none. */
int verp_fits(size_t room, const char *s, size_t n);

/* Writes the return path for RCPT into OUT, of SIZE bytes; ROOM is what verp_room() said of SENDER.
   0: done.  1: OUT is the plain SENDER, since the result would be quoted, over 256 octets, or SENDER is
   null, or RCPT has no @.  -1: SIZE is less than VERP_PATH_SIZE, or than SENDER needs. */
int verp_path(char *out, size_t size, size_t room, const char *sender, const char *delims, const char *rcpt);

#endif

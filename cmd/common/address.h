/* SPDX-License-Identifier: ISC */
/* Which addresses may enter a spool.  Whatever else is wrong with one is the MTA's to say. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "spool.h"

#define ADDRESS_MAX SPOOL_ADDRESS_MAX
#define ADDRESS_DOMAIN_MAX 255

/* NULL if the N octets at S are an address, else what is wrong, as an unchanging text. */
const char *address_fault(const char *s, size_t n);
/* The same.  ATOMS becomes 1 if it is ASCII and nothing in it would have to be quoted in a local
   part, but for the @: then any return path can carry it that has the room. */
const char *address_look(const char *s, size_t n, int *atoms);
/* 1 if the N octets at S are an address of nothing but letters, digits, `-./` and one @, which most are:
   found out in a fraction of the time.  ATOMS as above.  0: address_look() knows. */
int address_is_simple(const char *s, size_t n, int *atoms);
/* 1 if it can be sent without SMTPUTF8. */
int address_is_ascii(const char *s, size_t n);

#endif

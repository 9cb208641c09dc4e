/* SPDX-License-Identifier: ISC */
/* The original recipient of a delivery status notification (RFC 3461, RFC 6533). */
#ifndef XTEXT_H
#define XTEXT_H

#include <stddef.h>

#define XTEXT_MAX 500           /* of an ORCPT parameter's value */

/* Writes "rfc822;" and the ADDRESS, in xtext, or "utf-8;" and what RFC 6533 has for others, into OUT
   of SIZE bytes.  0, or -1 if it does not fit there, or into an ORCPT. */
int xtext_address(char *out, size_t size, const char *address);

#endif

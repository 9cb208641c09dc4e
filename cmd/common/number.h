/* SPDX-License-Identifier: ISC */
#ifndef NUMBER_H
#define NUMBER_H

/* Reads TEXT, nothing but decimal digits, into *N.  0, or -1: no number, or not MIN to MAX. */
int number(const char *text, unsigned long min, unsigned long max, unsigned long *n);

#endif

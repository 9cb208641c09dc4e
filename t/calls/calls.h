/* SPDX-License-Identifier: ISC */
#ifndef CALLS_H
#define CALLS_H

/* One rule, "CALL NAME ERROR", "CALL NAME SECONDS" or "CALL NAME": -1 if it can't be understood. */
int rule_add(const char *text);
/* "EIO" and the like. */
const char *error_name(int error);
/* Sets the clocks forward. */
void clock_advance(long seconds);

#endif

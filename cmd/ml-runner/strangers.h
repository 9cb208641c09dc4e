/* SPDX-License-Identifier: ISC */
#ifndef STRANGERS_H
#define STRANGERS_H

/* For spool.stranger: one line for each object, once in this process's life. */
void strangers_report(void *context, const char *object, const char *reason);

#endif

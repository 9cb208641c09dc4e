/* SPDX-License-Identifier: ISC */
/*
 * The log: one logfmt line an event on stderr, without a timestamp (the
 * supervisor's logger adds it), gathered and written in batches, and escaped
 * so that no reply can forge a line.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>

/* Begins a line; further fields are added till log_end(). */
void log_begin(const char *event);
void log_text(const char *key, const char *value);      /* quoted where it needs to be */
void log_number(const char *key, unsigned long long value);
void log_end(void);
/* Writes what was gathered. */
void log_flush(void);
/* A whole line about one object: EVENT object=… error="…". */
void log_trouble(const char *event, const char *object, const char *reason);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * The log: one logfmt line an event on stderr, without a timestamp (the
 * supervisor's logger adds it), gathered and written in batches, and escaped
 * so that no reply can forge a line.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdint.h>

/* Begins a line; further fields are added till log_end(). */
void log_begin(const char *event);
void log_text(const char *key, const char *value);      /* quoted where it needs to be */
void log_number(const char *key, unsigned long long value);
void log_end(void);
/* clock_ms() when what was gathered must be written, or -1: nothing was. */
int64_t log_due(void);
/* Writes it. */
void log_flush(void);
/* A whole line about one object: EVENT object=… error="…". */
void log_trouble(const char *event, const char *object, const char *reason);

#endif

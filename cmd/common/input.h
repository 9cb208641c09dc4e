/* SPDX-License-Identifier: ISC */
/* The files that a producer is told to read. */
#ifndef INPUT_H
#define INPUT_H

/* Opens PATH, `-` being stdin, for reading, or dies: EX_TEMPFAIL if there is no such file, since
   there may be one soon. */
int input_open(const char *path);
/* What PATH is called in messages. */
const char *input_name(const char *path);
/* Tells why reading NAME failed, from errno, or that a signal ended it.  The exit code. */
int input_failed(const char *name);

#endif

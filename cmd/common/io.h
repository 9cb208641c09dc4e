/* SPDX-License-Identifier: ISC */
/* Reading and writing, with EINTR handled here and nowhere else. */
#ifndef IO_H
#define IO_H

#include <stddef.h>
#include <sys/types.h>

/* read(2).  After stop_catch(), a signal to stop makes it fail with EINTR, at once even where FD
   has nothing to give. */
ssize_t io_read(int fd, void *to, size_t size);
/* Writes all of it: 0, or -1 with errno. */
int io_write(int fd, const void *from, size_t size);

#endif

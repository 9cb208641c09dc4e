/* SPDX-License-Identifier: ISC */
/* Stands in for cmd/common/io.c: one descriptor gives the input in pieces, another one keeps. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "io.h"

char fed_out[1 << 20];
size_t fed_used;

static const uint8_t *next;
static size_t left, most;

void
feed(const uint8_t *data, size_t size, size_t piece)
{
	next = data;
	left = size;
	most = piece;
	fed_used = 0;
}

ssize_t
io_read(int fd, void *to, size_t size)
{
	size_t n = left < size ? left : size;

	(void)fd;
	n = n < most ? n : most;
	if (n > 0)
		memcpy(to, next, n);
	next += n;
	left -= n;
	return (ssize_t)n;
}

int
io_write(int fd, const void *from, size_t size)
{
	(void)fd;
	if (size > sizeof fed_out - fed_used) {
		errno = ENOSPC;
		return -1;
	}
	if (size > 0)
		memcpy(fed_out + fed_used, from, size);
	fed_used += size;
	return 0;
}

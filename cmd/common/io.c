/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "io.h"
#include "stop.h"

/* Waits until FD has something, or a signal asks us to stop.  A flag alone would not do: the
   signal may come between looking at the flag and read. */
static int
await(int fd)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN }, { .fd = stop_fd(), .events = POLLIN }
	};

	if (p[1].fd < 0)
		return 0;
	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	if (p[1].revents == 0)
		return 0;
	errno = EINTR;
	return -1;
}

ssize_t
io_read(int fd, void *to, size_t size)
{
	ssize_t n;

	do
		n = await(fd) < 0 ? -1 : read(fd, to, size);
	while (n < 0 && errno == EINTR && !stop_asked());
	return n;
}

int
io_write(int fd, const void *from, size_t size)
{
	const char *p = from;
	ssize_t n;

	for (; size > 0; p += n, size -= (size_t)n) {
		n = write(fd, p, size);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n < 0)
			n = 0;
	}
	return 0;
}

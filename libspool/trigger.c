/* SPDX-License-Identifier: ISC */
/*
 * The trigger.  Nobody keeps it open for writing, so that a producer's close
 * hangs up on every reader at once and each of them wakes.
 */
#include <fcntl.h>
#include <unistd.h>

#include "internal.h"

void
spool_wake(struct spool *s)
{
	int saved = errno;
	int fd = again_openat(s->fd, "trigger", O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0) {
		if (again_write(fd, "", 1) < 0)
			errno = saved;  /* a full pipe has been written to: the close wakes all the same */
		(void)again_close(fd);
	}
	errno = saved;
}

int
spool_trigger_open(struct spool *s)
{
	char waste[512];
	int fd = again_openat(s->fd, "trigger", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return spool_fail_at(s, "trigger");
	while (again_read(fd, waste, sizeof waste) > 0)
		continue;
	return fd;
}

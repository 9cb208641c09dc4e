/* SPDX-License-Identifier: ISC */
/*
 * The trigger.  Nobody keeps it open for writing, so that a producer's close
 * hangs up on every reader at once and each of them wakes.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define PIPE_MAX 65536          /* what most pipes hold */

/* What is no FIFO is nobody's trigger, and not even opened: a device may act on that. */
static int
open_fifo(struct spool *s, int flags)
{
	struct stat st;

	if (again_fstatat(s->fd, "trigger", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISFIFO(st.st_mode)) {
		errno = ENXIO;
		return -1;
	}
	return again_openat(s->fd, "trigger", flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

void
spool_wake(struct spool *s)
{
	int saved = errno;
	int fd = open_fifo(s, O_WRONLY);

	if (fd >= 0) {
		(void)again_write(fd, "", 1);   /* a full pipe has been written to: the close wakes all the same */
		(void)again_close(fd);
	}
	errno = saved;
}

/* What comes in faster than it is read leaves the trigger full, which wakes as well. */
static void
empty(int fd)
{
	char waste[512];
	ssize_t n;
	size_t got = 0;

	while (got < PIPE_MAX && (n = again_read(fd, waste, sizeof waste)) > 0)
		got += (size_t)n;
}

int
spool_trigger_open(struct spool *s)
{
	int fd = open_fifo(s, O_RDONLY);

	if (fd < 0)
		return spool_fail_at(s, "trigger");
	empty(fd);
	return fd;
}

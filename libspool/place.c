/* SPDX-License-Identifier: ISC */
/*
 * Where on the disk the broadcasts go.  ext4 puts what is made in a directory
 * near it, and where many files were removed lately it looks at each of their
 * inodes before it takes another: a spool pays for every envelope of yesterday.
 * A directory that is the top of a hierarchy has its subdirectories spread, so
 * that each broadcast begins where nothing was.  Only speed hangs on it.
 */
#include "internal.h"

#if defined(__linux__) && !defined(SPOOL_PORTABLE)
#include <sys/ioctl.h>

#ifdef __GLIBC__
typedef unsigned long request;
#else
typedef int request;                    /* as POSIX had it */
#endif

/* <linux/fs.h> has these, which not every C library's headers come with */
#define GET_FLAGS ((request)_IOR('f', 1, long))
#define SET_FLAGS ((request)_IOW('f', 2, long))
#define TOP_OF_HIERARCHY 0x00020000     /* chattr +T */

void
spool_spread(int fd)
{
	unsigned flags;
	int saved = errno;

	if (ioctl(fd, GET_FLAGS, &flags) == 0 && (flags & TOP_OF_HIERARCHY) == 0) {
		flags |= TOP_OF_HIERARCHY;
		(void)ioctl(fd, SET_FLAGS, &flags);
	}
	errno = saved;
}
#else
void
spool_spread(int fd)
{
	(void)fd;
}
#endif

/* SPDX-License-Identifier: ISC */
/*
 * One syncfs for a whole broadcast.  It is trusted only where its result is:
 * since Linux 5.8 it reports write-back errors, and only local file systems
 * are known to carry it out.  SPOOL_PORTABLE builds without it.
 */
#if defined(__linux__) && !defined(SPOOL_PORTABLE)
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sync.h"

#if defined(__linux__) && !defined(SPOOL_PORTABLE)
#include <sys/utsname.h>
#include <sys/vfs.h>

static int
kernel_reports_errors(void)
{
	struct utsname u;
	char *end;
	unsigned long major, minor;

	if (uname(&u) < 0)
		return 0;
	major = strtoul(u.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 8);
}

int
spool_whole_sync_is_sound(int fd)
{
	static const unsigned long sound[] = {
		0xef53,         /* ext4 */
		0x58465342,     /* xfs */
		0x9123683e,     /* btrfs */
		0x01021994      /* tmpfs */
	};
	struct statfs fs;
	int result;
	size_t i;

	do
		result = fstatfs(fd, &fs);
	while (result < 0 && errno == EINTR);
	if (result < 0 || !kernel_reports_errors())
		return 0;
	for (i = 0; i < sizeof sound / sizeof *sound; i++)
		if (((unsigned long)fs.f_type & 0xffffffffUL) == sound[i])
			return 1;
	return 0;
}

int
spool_whole_sync(int fd)
{
	int result;

	do
		result = syncfs(fd);
	while (result < 0 && errno == EINTR);
	return result;
}
#else
int
spool_whole_sync_is_sound(int fd)
{
	(void)fd;
	return 0;
}

int
spool_whole_sync(int fd)
{
	(void)fd;
	errno = ENOSYS;
	return -1;
}
#endif

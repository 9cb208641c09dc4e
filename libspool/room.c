/* SPDX-License-Identifier: ISC */
/* Room: a producer stops before the disk is full, so that marks can still be written. */
#include <sys/statvfs.h>

#include "internal.h"

#define ENOUGH_OCTETS (UINT64_C(1) << 30)

int
spool_room(struct spool *s)
{
	struct statvfs fs;
	uint64_t free_octets;

	if (again_fstatvfs(s->dir[SPOOL_TMP], &fs) < 0)
		return spool_fail(s, SPOOL_TMP, NULL);
	free_octets = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
	errno = ENOSPC;
	if (free_octets < ENOUGH_OCTETS && (uint64_t)fs.f_bavail < (uint64_t)fs.f_blocks / 100 + 1)
		return spool_fail(s, SPOOL_TMP, NULL);
	if (fs.f_files > 0 && (uint64_t)fs.f_favail < (uint64_t)fs.f_files / 100)
		return spool_fail(s, SPOOL_TMP, NULL);
	return 0;
}

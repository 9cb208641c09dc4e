/* SPDX-License-Identifier: ISC */
/*
 * Renames between the directories.  A rename between two names of one inode
 * succeeds and does nothing; then, and only then, the source is unlinked, so
 * that the last name of an envelope never goes.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

int
spool_move(struct spool *s, enum spool_dir from, const char *old, enum spool_dir to, const char *name)
{
	struct stat source, target;

	if (again_renameat(s->dir[from], old, s->dir[to], name) < 0)
		return spool_fail(s, from, old);
	if (again_fstatat(s->dir[to], name, &target, AT_SYMLINK_NOFOLLOW) < 0 || target.st_nlink < 2 ||
	    S_ISDIR(target.st_mode))
		return 0;
	if (again_fstatat(s->dir[from], old, &source, AT_SYMLINK_NOFOLLOW) < 0 ||
	    source.st_ino != target.st_ino || source.st_dev != target.st_dev)
		return 0;
	if (again_unlinkat(s->dir[from], old, 0) < 0 && errno != ENOENT)
		return spool_fail(s, from, old);
	return 1;
}

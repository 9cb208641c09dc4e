/* SPDX-License-Identifier: ISC */
/* One pass over a directory.  A scan that fails is never an empty directory. */
#if defined(__linux__) && !defined(SPOOL_PORTABLE)
#define _DEFAULT_SOURCE         /* d_type saves a look at each file */
#endif
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static DIR *
open_scan(struct spool *s, enum spool_dir d, const char *below)
{
	int fd = again_openat(s->dir[d], below != NULL ? below : ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : again_fdopendir(fd);
	int saved = errno;

	if (dir == NULL && fd >= 0)
		(void)again_close(fd);
	errno = saved;
	return dir;
}

static enum spool_kind
kind_of(const struct dirent *entry)
{
#ifdef DT_UNKNOWN
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG ? SPOOL_KIND_FILE :
		    entry->d_type == DT_DIR ? SPOOL_KIND_DIR : SPOOL_KIND_OTHER;
#else
	(void)entry;
#endif
	return SPOOL_KIND_UNKNOWN;
}

enum spool_kind
spool_kind(struct spool *s, enum spool_dir d, const char *name, enum spool_kind kind)
{
	struct stat st;

	if (kind != SPOOL_KIND_UNKNOWN || again_fstatat(s->dir[d], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return kind;
	return S_ISREG(st.st_mode) ? SPOOL_KIND_FILE :
	    S_ISDIR(st.st_mode) ? SPOOL_KIND_DIR : SPOOL_KIND_OTHER;
}

static int
skipped(const char *name, int dots)
{
	if (name[0] != '.')
		return 0;
	return !dots || name[1] == '\0' || (name[1] == '.' && name[2] == '\0');
}

int
spool_scan(struct spool *s, enum spool_dir d, const char *below, int dots,
    int (*see)(void *context, const char *name, enum spool_kind kind), void *context)
{
	DIR *dir = open_scan(s, d, below);
	struct dirent *entry;
	int result = 0, saved;

	if (dir == NULL)
		return spool_fail(s, d, below);
	while (result == 0) {
		entry = again_readdir(dir);
		if (entry == NULL) {
			if (errno != 0)
				result = spool_fail(s, d, below);
			break;
		}
		if (!skipped(entry->d_name, dots))
			result = see(context, entry->d_name, kind_of(entry));
	}
	saved = errno;
	(void)closedir(dir);
	errno = saved;
	return result;
}

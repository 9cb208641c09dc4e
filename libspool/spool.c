/* SPDX-License-Identifier: ISC */
/*
 * The directories of a spool, opened once: every later name is relative to one
 * of these descriptors, so that nothing that is renamed above can lead astray.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "sync.h"

static const char *const names[SPOOL_DIRS] = {
	"tmp", "mess", "new", "cur", "defer", "fail", "done", "hold", "run", "sent"
};

const char *
spool_dir_name(enum spool_dir d)
{
	return names[d];
}

static int
open_dirs(struct spool *s, const char *path)
{
	char object[SPOOL_PATH_SIZE];
	int d;

	for (d = 0; d < SPOOL_DIRS; d++) {
		s->dir[d] = again_openat(s->fd, names[d], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (s->dir[d] < 0) {
			(void)snprintf(object, sizeof object, "%s/%s", path, names[d]);
			return spool_fail_at(s, object);
		}
	}
	return 0;
}

int
spool_open(struct spool *s, const char *path)
{
	struct stat st;
	int d;

	memset(s, 0, sizeof *s);
	for (d = 0; d < SPOOL_DIRS; d++)
		s->dir[d] = -1;
	s->fd = again_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0 || again_fstat(s->fd, &st) < 0) {
		(void)spool_fail_at(s, path);
		spool_close(s);
		return -1;
	}
	s->uid = st.st_uid;
	s->gid = st.st_gid;
	s->bits = st.st_mode & (S_IRWXG | S_ISGID);
	if (open_dirs(s, path) < 0) {
		spool_close(s);
		return -1;
	}
	s->whole_sync = spool_whole_sync_is_sound(s->dir[SPOOL_TMP]);
	return 0;
}

void
spool_close(struct spool *s)
{
	int saved = errno;
	int d;

	for (d = 0; d < SPOOL_DIRS; d++)
		if (s->dir[d] >= 0)
			(void)again_close(s->dir[d]);
	if (s->fd >= 0)
		(void)again_close(s->fd);
	errno = saved;
}

int
spool_paused(struct spool *s)
{
	struct stat st;

	if (again_fstatat(s->fd, "paused", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : spool_fail_at(s, "paused");
}

int
spool_text_open(struct spool *s, const char *unique)
{
	struct stat st;
	int fd = again_openat(s->dir[SPOOL_MESS], unique, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int failed;

	if (fd < 0)
		return spool_fail(s, SPOOL_MESS, unique);
	failed = again_fstat(fd, &st) < 0 ? errno : 0;
	if (failed == 0 && S_ISREG(st.st_mode))
		return fd;
	if (failed == 0)
		failed = EINVAL;
	(void)again_close(fd);
	errno = failed;
	return spool_fail(s, SPOOL_MESS, unique);
}

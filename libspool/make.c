/* SPDX-License-Identifier: ISC */
/*
 * Making a spool.  mess/ comes first: a directory that has one and nothing
 * foreign is a spool that was not finished, and may be completed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static int
is_ours(const char *name)
{
	int d;

	for (d = 0; d < SPOOL_DIRS; d++)
		if (strcmp(name, spool_dir_name((enum spool_dir)d)) == 0)
			return 1;
	return strcmp(name, "trigger") == 0 || strcmp(name, "paused") == 0;
}

/* ENOTEMPTY unless the directory is empty or a spool, whole or half made. */
static int
check_content(int fd)
{
	int copy = again_openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : again_fdopendir(copy);
	struct dirent *entry;
	int ours = 0, mess = 0, foreign = 0, failed;

	if (dir == NULL) {
		failed = errno;
		if (copy >= 0)
			(void)again_close(copy);
		errno = failed;
		return -1;
	}
	while ((entry = again_readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!is_ours(entry->d_name))
			foreign = 1;
		else
			ours++;
		mess |= strcmp(entry->d_name, "mess") == 0;
	}
	failed = errno;
	(void)closedir(dir);
	if (failed == 0 && ours + foreign > 0 && (!mess || (foreign && ours < SPOOL_DIRS)))
		failed = ENOTEMPTY;
	errno = failed;
	return failed == 0 ? 0 : -1;
}

static int
set_group(struct spool *s, gid_t group)
{
	mode_t mode = S_IRWXU | S_IRWXG | S_ISGID;

	if (again_fchown(s->fd, (uid_t)-1, group) < 0 || again_fchmod(s->fd, mode) < 0)
		return -1;
	s->gid = group;
	s->bits = mode & (S_IRWXG | S_ISGID);
	return 0;
}

static int
make_dir(struct spool *s, enum spool_dir d)
{
	const char *name = spool_dir_name(d);
	int fd, saved, result;

	if (spool_mkdir(s->fd, name, spool_dir_mode(s)) < 0 && errno != EEXIST)
		return spool_fail(s, d, NULL);
	fd = again_openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return spool_fail(s, d, NULL);
	result = spool_own(s, fd, spool_dir_mode(s));
	if (d == SPOOL_TMP)             /* where the broadcasts are made */
		spool_spread(fd);
	saved = errno;
	(void)again_close(fd);
	errno = saved;
	return result == 0 ? 0 : spool_fail(s, d, NULL);
}

static int
make_trigger(struct spool *s)
{
	struct stat st;
	mode_t mode = spool_file_mode(s);

	if (again_mkfifoat(s->fd, "trigger", mode) < 0 && errno != EEXIST)
		return spool_fail_at(s, "trigger");
	if (again_fstatat(s->fd, "trigger", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return spool_fail_at(s, "trigger");
	if (!S_ISFIFO(st.st_mode)) {
		errno = EEXIST;
		return spool_fail_at(s, "trigger");
	}
	if ((geteuid() == 0 || st.st_gid != s->gid) &&
	    again_fchownat(s->fd, "trigger", geteuid() == 0 ? s->uid : (uid_t)-1, s->gid,
	    AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM)
		return spool_fail_at(s, "trigger");
	if ((st.st_mode & 07777) != mode && again_fchmodat(s->fd, "trigger", mode, 0) < 0)
		return spool_fail_at(s, "trigger");
	return 0;
}

static int
sync_parent(struct spool *s)
{
	int fd = again_openat(s->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result, saved;

	if (fd < 0)             /* a parent that one may not read one can't sync either */
		return errno == EACCES ? 0 : -1;
	result = again_fsync(fd);
	saved = errno;
	(void)again_close(fd);
	errno = saved;
	return result;
}

static int
fill(struct spool *s, const char *path, gid_t group)
{
	static const enum spool_dir order[SPOOL_DIRS] = {
		SPOOL_MESS, SPOOL_TMP, SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL,
		SPOOL_DONE, SPOOL_HOLD, SPOOL_RUN, SPOOL_SENT
	};
	struct stat st;
	int d;

	if (check_content(s->fd) < 0 || again_fstat(s->fd, &st) < 0)
		return spool_fail_at(s, path);
	s->uid = st.st_uid;
	s->gid = st.st_gid;
	s->bits = st.st_mode & (S_IRWXG | S_ISGID);
	if (group != (gid_t)-1 && set_group(s, group) < 0)
		return spool_fail_at(s, path);
	for (d = 0; d < SPOOL_DIRS; d++) {
		if (make_dir(s, order[d]) < 0)
			return -1;
		/* after a power cut too there must be no part of a spool without it */
		if (d == 0 && again_fsync(s->fd) < 0)
			return spool_fail_at(s, path);
	}
	if (make_trigger(s) < 0)
		return -1;
	if (again_fsync(s->fd) < 0 || sync_parent(s) < 0)
		return spool_fail_at(s, path);
	return 0;
}

int
spool_make(struct spool *s, const char *path, gid_t group)
{
	int d, result;

	memset(s, 0, sizeof *s);
	for (d = 0; d < SPOOL_DIRS; d++)
		s->dir[d] = -1;
	s->fd = -1;
	if (spool_mkdir(AT_FDCWD, path, S_IRWXU) < 0 && errno != EEXIST)
		return spool_fail_at(s, path);
	s->fd = again_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return spool_fail_at(s, path);
	result = fill(s, path, group);
	spool_close(s);
	return result;
}

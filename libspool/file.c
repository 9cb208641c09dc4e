/* SPDX-License-Identifier: ISC */
/*
 * Files as a spool wants them: created once, with SPOOL's group and bits
 * whatever the umask, written whole, and read whole.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

mode_t
spool_file_mode(const struct spool *s)
{
	return S_IRUSR | S_IWUSR | (s->bits & (S_IRGRP | S_IWGRP));
}

mode_t
spool_dir_mode(const struct spool *s)
{
	return S_IRWXU | s->bits;
}

static int
chown_as_spool(const struct spool *s, int fd, const struct stat *st)
{
	int root = geteuid() == 0;
	uid_t uid = root ? s->uid : st->st_uid;

	if (st->st_gid == s->gid && st->st_uid == uid)
		return 0;
	if (again_fchown(fd, uid == st->st_uid ? (uid_t)-1 : uid, s->gid) == 0)
		return 0;
	/* Who is not in SPOOL's group can't give files to it; the owner still can work with them. */
	return root || errno != EPERM ? -1 : 0;
}

int
spool_own(const struct spool *s, int fd, mode_t mode)
{
	struct stat st;

	if (again_fstat(fd, &st) < 0 || chown_as_spool(s, fd, &st) < 0)
		return -1;
	return (st.st_mode & 07777) == mode ? 0 : again_fchmod(fd, mode);
}

int
spool_mkdir(int d, const char *name, mode_t mode)
{
	struct stat st;

	if (again_mkdirat(d, name, mode) < 0)
		return -1;
	if (again_fstatat(d, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if ((st.st_mode & S_IRWXU) == S_IRWXU)
		return 0;
	return again_fchmodat(d, name, (st.st_mode & 07777) | S_IRWXU, 0);
}

int
spool_create(struct spool *s, enum spool_dir d, const char *name, int flags)
{
	int fd, saved;

	fd = again_create(s->dir[d], name, O_EXCL | O_NOFOLLOW | O_CLOEXEC | flags, spool_file_mode(s));
	if (fd < 0)
		return spool_fail(s, d, name);
	if (spool_own(s, fd, spool_file_mode(s)) == 0)
		return fd;
	saved = errno;
	(void)again_close(fd);
	(void)again_unlinkat(s->dir[d], name, 0);
	errno = saved;
	return spool_fail(s, d, name);
}

int
spool_write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = again_write(fd, data, length);

		if (n < 0)
			return -1;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

int
spool_pwrite_all(int fd, const char *data, size_t length, off_t at)
{
	while (length > 0) {
		ssize_t n = again_pwrite(fd, data, length, at);

		if (n < 0)
			return -1;
		data += n;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

ssize_t
spool_pread_all(int fd, char *data, size_t length, off_t at)
{
	size_t have = 0;

	while (have < length) {
		ssize_t n = again_pread(fd, data + have, length - have, at + (off_t)have);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

ssize_t
spool_slurp(int dirfd, const char *name, char *data, size_t size)
{
	int fd = again_openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	n = spool_pread_all(fd, data, size, 0);
	saved = errno;
	(void)again_close(fd);
	errno = saved;
	if (n >= 0 && (size_t)n == size) {
		errno = EFBIG;
		return -1;
	}
	if (n >= 0)
		data[n] = '\0';
	return n;
}

int
spool_sync_dir(struct spool *s, enum spool_dir d)
{
	return again_fsync(s->dir[d]) == 0 ? 0 : spool_fail(s, d, NULL);
}

int
spool_sync_below(struct spool *s, enum spool_dir d, const char *name)
{
	int fd = again_openat(s->dir[d], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result, saved;

	if (fd < 0)
		return spool_fail(s, d, name);
	result = again_fsync(fd);
	saved = errno;
	(void)again_close(fd);
	errno = saved;
	return result == 0 ? 0 : spool_fail(s, d, name);
}

int
spool_line_value(const char *text, const char *key, char *value, size_t size)
{
	size_t length = strlen(key), n;
	const char *line, *end;
	int found = 0;

	for (line = text; *line != '\0'; line = *end == '\n' ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (strncmp(line, key, length) != 0 || line[length] != ' ')
			continue;
		n = (size_t)(end - line) - length - 1;
		found = n < size;
		if (!found)
			continue;
		memcpy(value, line + length + 1, n);
		value[n] = '\0';
	}
	return found;
}

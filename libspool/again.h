/* SPDX-License-Identifier: ISC */
/*
 * System calls that are made again when a signal cut them off: EINTR ends here.  Most file systems
 * never say it, but network and user space ones may, whatever the call.  What was carried out before
 * the answer was cut off shows itself at the second attempt as ENOENT or EEXIST, and counts as such.
 */
#ifndef AGAIN_H
#define AGAIN_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define AGAIN(type, name, parameters, arguments) \
	static inline type \
	again_##name parameters \
	{ \
		type result; \
		do \
			result = name arguments; \
		while (result == -1 && errno == EINTR); \
		return result; \
	}

AGAIN(int, open, (const char *path, int flags), (path, flags))
AGAIN(int, openat, (int d, const char *path, int flags), (d, path, flags))
AGAIN(int, mkdirat, (int d, const char *path, mode_t mode), (d, path, mode))
AGAIN(int, mkfifoat, (int d, const char *path, mode_t mode), (d, path, mode))
AGAIN(int, renameat, (int d, const char *path, int to, const char *name), (d, path, to, name))
AGAIN(int, linkat, (int d, const char *path, int to, const char *name, int flags),
    (d, path, to, name, flags))
AGAIN(int, unlinkat, (int d, const char *path, int flags), (d, path, flags))
AGAIN(int, fstat, (int fd, struct stat *st), (fd, st))
AGAIN(int, fstatat, (int d, const char *path, struct stat *st, int flags), (d, path, st, flags))
AGAIN(int, fstatvfs, (int fd, struct statvfs *st), (fd, st))
AGAIN(int, fchmod, (int fd, mode_t mode), (fd, mode))
AGAIN(int, fchmodat, (int d, const char *path, mode_t mode, int flags), (d, path, mode, flags))
AGAIN(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
AGAIN(int, fchownat, (int d, const char *path, uid_t uid, gid_t gid, int flags),
    (d, path, uid, gid, flags))
AGAIN(int, ftruncate, (int fd, off_t size), (fd, size))
AGAIN(int, fsync, (int fd), (fd))
AGAIN(int, fdatasync, (int fd), (fd))
AGAIN(int, fcntl, (int fd, int command, int value), (fd, command, value))
AGAIN(off_t, lseek, (int fd, off_t at, int from), (fd, at, from))
AGAIN(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
AGAIN(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
AGAIN(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
AGAIN(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))

static inline int
again_create(int d, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(d, path, flags | O_CREAT, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* Not made again: the descriptor is gone, and may be another's by then. */
static inline int
again_close(int fd)
{
	return close(fd) == 0 || errno == EINTR ? 0 : -1;
}

static inline DIR *
again_fdopendir(int fd)
{
	DIR *dir;

	do
		dir = fdopendir(fd);
	while (dir == NULL && errno == EINTR);
	return dir;
}

/* As readdir: NULL with errno 0 at the end. */
static inline struct dirent *
again_readdir(DIR *dir)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry == NULL && errno == EINTR);
	return entry;
}

#endif

/* SPDX-License-Identifier: ISC */
/*
 * System calls of the programs that are made anew when a signal cut them off.  What may wait for
 * long, and is to be cut off by a signal that asks for the end, is not among them.
 */
#ifndef ANEW_H
#define ANEW_H

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ANEW(type, name, parameters, arguments) \
	static inline type \
	anew_##name parameters \
	{ \
		type result; \
		do \
			result = name arguments; \
		while (result == -1 && errno == EINTR); \
		return result; \
	}

ANEW(int, open, (const char *path, int flags), (path, flags))
ANEW(int, openat, (int d, const char *path, int flags), (d, path, flags))
ANEW(int, fstat, (int fd, struct stat *st), (fd, st))
ANEW(int, fstatat, (int d, const char *path, struct stat *st, int flags), (d, path, st, flags))
ANEW(int, fstatvfs, (int fd, struct statvfs *st), (fd, st))
ANEW(int, fcntl, (int fd, int command, int value), (fd, command, value))
ANEW(int, pipe, (int ends[2]), (ends))
ANEW(pid_t, fork, (void), ())
ANEW(int, dup2, (int from, int to), (from, to))
ANEW(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
ANEW(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
ANEW(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
ANEW(ssize_t, send, (int fd, const void *from, size_t size, int flags), (fd, from, size, flags))
ANEW(int, socket, (int family, int type, int protocol), (family, type, protocol))
ANEW(int, socketpair, (int family, int type, int protocol, int ends[2]), (family, type, protocol, ends))
ANEW(int, getpeername, (int fd, struct sockaddr *to, socklen_t *length), (fd, to, length))
ANEW(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
    (fd, level, name, value, size))
ANEW(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
    (fd, level, name, value, size))

#endif

/* SPDX-License-Identifier: ISC */
/* The calls that the linker puts in the place of the system's (--wrap), and what is to become of them. */
#define _DEFAULT_SOURCE
#include "calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RULES 8
#define FILES 64

static struct rule {
	char call[32], name[256];
	int error;                      /* 0: it is made */
	long seconds;                   /* after that the clocks are so much further */
} rule[RULES];
static size_t rules;
static char opened[FILES][256];         /* by descriptor: the last part of its name */
static long ahead;

int __real_openat(int dir, const char *path, int flags, ...);
int __real_close(int fd);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t length);
int __real_renameat(int dir, const char *path, int to, const char *name);
int __real_fstatat(int dir, const char *path, struct stat *st, int flags);
struct dirent *__real_readdir(DIR *dir);
int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_renameat(int dir, const char *path, int to, const char *name);
int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags);
struct dirent *__wrap_readdir(DIR *dir);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

static const struct { const char *name; int error; } known[] = {
	{ "EIO", EIO }, { "ENOENT", ENOENT }
};

const char *
error_name(int error)
{
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == error)
			return known[i].name;
	return strerror(error);
}

int
rule_add(const char *text)
{
	struct rule *r = &rule[rules];
	char what[32] = "";
	size_t i;

	if (rules == RULES || sscanf(text, "%31s %255s %31s", r->call, r->name, what) < 2)
		return -1;
	r->seconds = strtol(what, NULL, 10);
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(what, known[i].name) == 0)
			r->error = known[i].error;
	rules++;
	return *what == '\0' || r->error != 0 || r->seconds > 0 ? 0 : -1;
}

void
clock_advance(long seconds)
{
	ahead += seconds;
}

/* 1: CALL is not to be made.  A rule that says nothing else has it told. */
static int
ruled(const char *call, const char *path)
{
	size_t i;

	for (i = 0; i < rules; i++) {
		if (strcmp(rule[i].call, call) != 0 || strstr(path, rule[i].name) == NULL)
			continue;
		ahead += rule[i].seconds;
		if (rule[i].error != 0) {
			errno = rule[i].error;
			return 1;
		}
		if (rule[i].seconds == 0)
			printf("%s %s\n", call, path);
	}
	return 0;
}

static const char *
name_of(int fd)
{
	return fd >= 0 && fd < FILES ? opened[fd] : "";
}

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	const char *slash = strrchr(path, '/');
	mode_t mode = 0;
	va_list ap;
	int fd;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = (mode_t)va_arg(ap, int);
		va_end(ap);
	}
	if (ruled("openat", path))
		return -1;
	fd = __real_openat(dir, path, flags, mode);
	if (fd >= 0 && fd < FILES)
		(void)snprintf(opened[fd], sizeof opened[fd], "%s", slash != NULL ? slash + 1 : path);
	return fd;
}

/* As of a network file system: the descriptor is gone, whatever it says. */
int
__wrap_close(int fd)
{
	int failed = ruled("close", name_of(fd)), error = errno, result = __real_close(fd);

	if (!failed)
		return result;
	errno = error;
	return -1;
}

int
__wrap_fsync(int fd)
{
	return ruled("fsync", name_of(fd)) ? -1 : __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	return ruled("fdatasync", name_of(fd)) ? -1 : __real_fdatasync(fd);
}

int
__wrap_ftruncate(int fd, off_t length)
{
	return ruled("ftruncate", name_of(fd)) ? -1 : __real_ftruncate(fd, length);
}

int
__wrap_renameat(int dir, const char *path, int to, const char *name)
{
	return ruled("renameat", path) ? -1 : __real_renameat(dir, path, to, name);
}

int
__wrap_fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return ruled("fstatat", path) ? -1 : __real_fstatat(dir, path, st, flags);
}

struct dirent *
__wrap_readdir(DIR *dir)
{
	struct dirent *entry = __real_readdir(dir);

#ifdef DT_UNKNOWN
	if (entry != NULL && ruled("readdir", entry->d_name))
		entry->d_type = DT_UNKNOWN;
#endif
	return entry;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int result = __real_clock_gettime(clock, t);

	if (result == 0)
		t->tv_sec += ahead;
	return result;
}

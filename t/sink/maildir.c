/* SPDX-License-Identifier: ISC */
/*
 * Files messages into a maildir: written whole into tmp/, then renamed into new/, so a reader never
 * sees half a message.  Nothing is synced: after a power cut the maildir may be anything.
 */
#include "sink.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static int
path(char *to, const char *dir, const char *sub, const char *name)
{
	int n = snprintf(to, PATH_MAX, "%s/%s%s", dir, sub, name);

	if (n >= 0 && n < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

void
maildir_make(const char *dir)
{
	static const char *const sub[] = { "", "tmp", "new", "cur" };
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof sub / sizeof *sub; i++)
		if (path(name, dir, sub[i], "") == -1
		    || (mkdir(name, 0777) == -1 && errno != EEXIST))
			die(EX_CANTCREAT, dir);
}

static void
compose(struct buf *b, const char *sender, const struct buf *rcpts, const struct buf *text)
{
	const char *p = text->p, *end, *cr;

	buf_str(b, "Return-Path: <");
	buf_str(b, sender);
	buf_str(b, ">\n");
	for (size_t i = 0; i < rcpts->len; i += strlen(rcpts->p + i) + 1) {
		buf_str(b, "Delivered-To: ");
		buf_str(b, rcpts->p + i);
		buf_str(b, "\n");
	}
	if (text->len == 0)
		return;
	for (end = p + text->len; (cr = memchr(p, '\r', (size_t)(end - p))) != NULL; p = cr + 1) {
		buf_add(b, p, (size_t)(cr - p));
		if (cr + 1 == end || cr[1] != '\n')
			buf_add(b, cr, 1);
	}
	buf_add(b, p, (size_t)(end - p));
}

static int
store(const char *name, const struct buf *b)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	ssize_t n;

	if (fd == -1)
		return -1;
	for (size_t done = 0; done < b->len; done += (size_t)n) {
		n = write(fd, b->p + done, b->len - done);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1) {
			close(fd);
			return -1;
		}
	}
	return close(fd);
}

int
maildir_file(const char *dir, const char *sender, const struct buf *rcpts, const struct buf *text)
{
	static unsigned long count;
	char unique[96], from[PATH_MAX], to[PATH_MAX];
	struct timespec t;
	struct buf b = { 0 };
	int failed;

	clock_gettime(CLOCK_REALTIME, &t);
	snprintf(unique, sizeof unique, "%jd.M%06ldP%ldQ%lu.sink", (intmax_t)t.tv_sec,
	    t.tv_nsec / 1000, (long)getpid(), ++count);
	if (path(from, dir, "tmp/", unique) == -1 || path(to, dir, "new/", unique) == -1) {
		warn(dir);
		return -1;
	}
	compose(&b, sender, rcpts, text);
	failed = store(from, &b) == -1 || rename(from, to) == -1;
	if (failed) {
		warn(from);
		unlink(from);
	}
	buf_free(&b);
	return failed ? -1 : 0;
}

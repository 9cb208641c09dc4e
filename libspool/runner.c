/* SPDX-License-Identifier: ISC */
/*
 * run/RUNNER: one file for each live process that holds claims.  It is created
 * once and rewritten in place, never recreated: a name that was revoked stays
 * dead.  A crash leaves it behind; ml-requeue tells and removes it.
 */
#if defined(__linux__) && !defined(SPOOL_PORTABLE)
#define _GNU_SOURCE             /* CLOCK_BOOTTIME */
#endif
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "names.h"

#define FILE_SIZE 2048

static const char *const states[] = { "idle", "busy", "down", "paused" };

uint64_t
spool_uptime(void)
{
	struct timespec t;

#ifdef CLOCK_BOOTTIME
	if (clock_gettime(CLOCK_BOOTTIME, &t) == 0)
		return (uint64_t)t.tv_sec;
#endif
	/* elsewhere no clock is sure to count a suspension and never to be set: the one that
	   went further since the first look */
	static uint64_t wall, steady;
	uint64_t w = spool_now() / SPOOL_SECOND, m;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	m = (uint64_t)t.tv_sec;
	if (wall == 0) {
		wall = w;
		steady = m;
	}
	return w > wall && w - wall > m - steady ? steady + (w - wall) : m;
}

static size_t
describe(const struct spool_runner *r, char text[FILE_SIZE])
{
	struct spool_self me;
	size_t used = 0;
	const char *const known[][2] = {
		{ "host", me.host }, { "start", me.start }, { "boot", me.boot }, { "pidns", me.pidns }
	};
	size_t i;
	int n;

	spool_self(&me);
	for (i = 0; i < sizeof known / sizeof *known; i++) {
		if (*known[i][1] != '\0')
			used += (size_t)snprintf(text + used, FILE_SIZE - used, "%s %s\n", known[i][0],
			    known[i][1]);
		if (i == 0)
			used += (size_t)snprintf(text + used, FILE_SIZE - used, "pid %ld\n", me.pid);
	}
	n = snprintf(text + used, FILE_SIZE - used, "role %s\nstate %s\nsince %" PRIu64
	    "\ndone %" PRIu64 "\nfailed %" PRIu64 "\ndeferred %" PRIu64 "\nlast %s\n", r->role,
	    states[r->state], r->since, r->done, r->failed, r->deferred, r->last);
	return used + (size_t)n;
}

/* Writes and closes FD.  Network file systems say only at the close what became of the write. */
static int
write_file(const struct spool_runner *r, int fd)
{
	char text[FILE_SIZE];
	size_t length = describe(r, text);
	int failed = 0;

	if (spool_pwrite_all(fd, text, length, 0) < 0 || again_ftruncate(fd, (off_t)length) < 0)
		failed = errno;
	if (again_close(fd) < 0 && failed == 0)
		failed = errno;
	errno = failed;
	return failed == 0 ? 0 : -1;
}

static int
create(struct spool_runner *r)
{
	uint64_t begun = spool_uptime();        /* a write that hung for minutes is as old as it is */
	int fd;

	if (spool_new_runner(r->id) < 0)
		return spool_fail(r->spool, SPOOL_RUN, NULL);
	fd = spool_create(r->spool, SPOOL_RUN, r->id, O_WRONLY);
	if (fd < 0)
		return -1;
	if (write_file(r, fd) == 0) {
		r->beat = begun;
		return 0;
	}
	(void)spool_fail(r->spool, SPOOL_RUN, r->id);
	(void)spool_runner_forget(r->spool, r->id);
	return -1;
}

int
spool_runner_join(struct spool_runner *r, struct spool *s, const char *role)
{
	memset(r, 0, sizeof *r);
	r->spool = s;
	r->role = role;
	r->since = spool_now() / SPOOL_SECOND;
	return create(r);
}

int
spool_runner_beat(struct spool_runner *r)
{
	struct spool *s = r->spool;
	uint64_t begun = spool_uptime();
	int fd = again_openat(s->dir[SPOOL_RUN], r->id, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || write_file(r, fd) < 0)
		return spool_fail(s, SPOOL_RUN, r->id);
	r->beat = begun;
	return 0;
}

int
spool_runner_renew(struct spool_runner *r, char old[SPOOL_RUNNER_SIZE])
{
	memcpy(old, r->id, SPOOL_RUNNER_SIZE);
	if (create(r) == 0)
		return 0;
	memcpy(r->id, old, SPOOL_RUNNER_SIZE);
	return -1;
}

int
spool_runner_forget(struct spool *s, const char *id)
{
	int saved = errno;

	if (again_unlinkat(s->dir[SPOOL_RUN], id, 0) < 0 && errno != ENOENT)
		return spool_fail(s, SPOOL_RUN, id);
	errno = saved;
	return 0;
}

int
spool_runner_leave(struct spool_runner *r)
{
	return spool_runner_forget(r->spool, r->id);
}

/* SPDX-License-Identifier: ISC */
/*
 * Writing behind: a thread creates and writes envelopes in the order in which
 * they were handed over, while the next are filled.  It stops at its first
 * failure, which the next call reports.  What a crash leaves is what the
 * staging without it leaves: files in tmp/ that have no message yet.
 *
 * It takes no signal, allocates nothing, and shares nothing but the queue.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "internal.h"

#define SLOTS      16
#define BATCH      8          /* neither side is woken for less: waking costs as much as a file */
#define STACK_SIZE (256 * 1024) /* of which little is touched */

struct job {
	char path[2 * SPOOL_NAME_SIZE];
	unsigned long k;
	size_t length;
};

struct spool_behind {
	struct spool spool;             /* the thread's own copy, with its failure's object */
	pthread_t thread;
	pthread_mutex_t lock;           /* of the following six */
	pthread_cond_t work, room;
	unsigned long put, done;        /* jobs so far; those between are in their slots */
	unsigned long written;          /* the K of the last that was done */
	int failed;                     /* errno; then the thread has ended */
	int hurry, ending;
	struct job job[SLOTS];
	char buffer[SLOTS][SPOOL_STAGE_BUFFER];
};

static int
write_job(struct spool *s, const struct job *j, const char *data)
{
	int fd = spool_create(s, SPOOL_TMP, j->path, O_WRONLY), failed;

	if (fd < 0)
		return -1;
	failed = spool_write_all(fd, data, j->length) < 0 ? errno : 0;
	if (again_close(fd) < 0 && failed == 0)
		failed = errno;
	errno = failed;
	return failed == 0 ? 0 : spool_fail(s, SPOOL_TMP, j->path);
}

/* How many jobs there are by now; as many as there were, AT, if it is time to end. */
static unsigned long
await_work(struct spool_behind *b, unsigned long at)
{
	unsigned long put;

	(void)pthread_mutex_lock(&b->lock);
	while (!b->ending && b->put - at < (b->hurry ? 1 : BATCH))
		(void)pthread_cond_wait(&b->work, &b->lock);
	put = b->ending ? at : b->put;
	(void)pthread_mutex_unlock(&b->lock);
	return put;
}

static void
note(struct spool_behind *b, unsigned long done, unsigned long k, int failed)
{
	(void)pthread_mutex_lock(&b->lock);
	if (failed == 0) {
		b->done = done;
		b->written = k;
	}
	b->failed = failed;
	if (failed != 0 || b->put - done <= (b->hurry ? 0 : SLOTS - BATCH))
		(void)pthread_cond_signal(&b->room);
	(void)pthread_mutex_unlock(&b->lock);
}

static void *
work(void *context)
{
	struct spool_behind *b = context;
	unsigned long at = 0, put;
	int failed = 0;

	while (failed == 0 && (put = await_work(b, at)) != at)
		for (; failed == 0 && at != put; at++) {
			const struct job *j = &b->job[at % SLOTS];

			failed = write_job(&b->spool, j, b->buffer[at % SLOTS]) < 0 ? errno : 0;
			note(b, at + 1, j->k, failed);
		}
	return NULL;
}

static int
start(struct spool_behind *b)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int failed;

	if (pthread_attr_init(&attr) != 0)
		return -1;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)sigfillset(&all);
	failed = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (failed == 0) {
		failed = pthread_create(&b->thread, &attr, work, b);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	(void)pthread_attr_destroy(&attr);
	return failed == 0 ? 0 : -1;
}

static void
release(struct spool_behind *b)
{
	(void)pthread_cond_destroy(&b->room);
	(void)pthread_cond_destroy(&b->work);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

struct spool_behind *
spool_behind_start(const struct spool *s)
{
	struct spool_behind *b = malloc(sizeof *b);

	if (b == NULL)
		return NULL;
	memset(b, 0, offsetof(struct spool_behind, job));
	b->spool = *s;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->work, NULL);
	(void)pthread_cond_init(&b->room, NULL);
	if (start(b) == 0)
		return b;
	release(b);
	return NULL;
}

/* Waits until at most LEFT jobs are left, and unlocks; the failure, if there is one. */
static int
await_done(struct spool_behind *b, struct spool *s, unsigned long left)
{
	int failed;

	while (b->failed == 0 && b->put - b->done > left)
		(void)pthread_cond_wait(&b->room, &b->lock);
	failed = b->failed;
	(void)pthread_mutex_unlock(&b->lock);
	if (failed == 0)
		return 0;
	errno = failed;
	return spool_fail_at(s, b->spool.object);
}

int
spool_behind_put(struct spool_behind *b, struct spool *s, const char *path, unsigned long k,
    const char *data, size_t length)
{
	struct job *j = &b->job[b->put % SLOTS];        /* nobody else changes put */

	(void)pthread_mutex_lock(&b->lock);
	if (await_done(b, s, b->put - b->done == SLOTS ? SLOTS - BATCH : SLOTS) < 0)
		return -1;
	(void)snprintf(j->path, sizeof j->path, "%s", path);
	j->k = k;
	j->length = length;
	memcpy(b->buffer[b->put % SLOTS], data, length);
	(void)pthread_mutex_lock(&b->lock);
	b->put++;
	if (b->put - b->done >= BATCH)
		(void)pthread_cond_signal(&b->work);
	(void)pthread_mutex_unlock(&b->lock);
	return 0;
}

int
spool_behind_written(struct spool_behind *b, struct spool *s, int all, unsigned long *k)
{
	int result;

	(void)pthread_mutex_lock(&b->lock);
	b->hurry = all;
	if (all)
		(void)pthread_cond_signal(&b->work);
	result = await_done(b, s, all ? 0 : SLOTS);
	(void)pthread_mutex_lock(&b->lock);
	b->hurry = 0;
	*k = b->written;
	(void)pthread_mutex_unlock(&b->lock);
	return result;
}

void
spool_behind_end(struct spool_behind *b)
{
	int saved = errno;

	if (b == NULL)
		return;
	(void)pthread_mutex_lock(&b->lock);
	b->ending = 1;
	(void)pthread_cond_signal(&b->work);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	release(b);
	errno = saved;
}

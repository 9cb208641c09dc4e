/* SPDX-License-Identifier: ISC */
/*
 * Writing behind: a thread creates, writes and links envelopes in the order in
 * which they were handed over, while the next are filled.  It stops at its
 * first failure, which the next call reports.  What a crash leaves is what the
 * staging without it leaves: files in tmp/, the last of which may have no
 * message yet.
 *
 * It takes no signal, allocates nothing, and shares nothing but the queue.  The
 * text is the thread's as long as it lives.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "internal.h"
#include "stage.h"

#define SLOTS      32
#define BATCH      16         /* neither side is woken for less: waking costs as much as a file */
#define STACK_SIZE (256 * 1024) /* of which little is touched */
_Static_assert(2 * BATCH <= SLOTS, "who waits for room must leave enough to work on");

struct job {
	char path[2 * SPOOL_NAME_SIZE];
	unsigned long k;
	size_t length;
};

struct spool_behind {
	struct spool spool;             /* the thread's own copies, with its failure's object */
	struct spool_stage stage;
	pthread_t thread;
	pthread_mutex_t lock;           /* of the following five */
	pthread_cond_t work, room;
	unsigned long put, done;        /* jobs so far; those between are in their slots */
	int failed;                     /* errno; then the thread has ended */
	int hurry, ending;
	struct job job[SLOTS];
	char buffer[SLOTS][SPOOL_STAGE_BUFFER];
};

static int
write_envelope(struct spool *s, const struct job *j, const char *data)
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

static int
do_job(struct spool_behind *b, const struct job *j, const char *data)
{
	if (j->length > 0 && write_envelope(&b->spool, j, data) < 0)
		return -1;
	return spool_stage_link_text(&b->stage, j->k);
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
note(struct spool_behind *b, unsigned long done, int failed)
{
	(void)pthread_mutex_lock(&b->lock);
	if (failed == 0)
		b->done = done;
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
			failed = do_job(b, &b->job[at % SLOTS], b->buffer[at % SLOTS]) < 0 ? errno : 0;
			note(b, at + 1, failed);
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
spool_behind_start(const struct spool_stage *st)
{
	struct spool_behind *b = malloc(sizeof *b);

	if (b == NULL)
		return NULL;
	b->spool = *st->spool;
	memcpy(&b->stage, st, offsetof(struct spool_stage, buffer));
	b->stage.spool = &b->spool;
	b->put = b->done = 0;
	b->failed = b->hurry = b->ending = 0;
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
spool_behind_put(struct spool_behind *b, struct spool_stage *st, const char *data, size_t length)
{
	struct job *j = &b->job[b->put % SLOTS];        /* nobody else changes put */

	(void)pthread_mutex_lock(&b->lock);
	if (await_done(b, st->spool, b->put - b->done == SLOTS ? SLOTS - BATCH : SLOTS) < 0)
		return -1;
	(void)snprintf(j->path, sizeof j->path, "%s", st->file);
	j->k = st->envelopes;
	j->length = length;
	if (length > 0)
		memcpy(b->buffer[b->put % SLOTS], data, length);
	(void)pthread_mutex_lock(&b->lock);
	b->put++;
	if (b->put - b->done >= BATCH)
		(void)pthread_cond_signal(&b->work);
	(void)pthread_mutex_unlock(&b->lock);
	return 0;
}

int
spool_behind_wait(struct spool_behind *b, struct spool_stage *st)
{
	(void)pthread_mutex_lock(&b->lock);
	b->hurry = 1;
	(void)pthread_cond_signal(&b->work);
	return await_done(b, st->spool, 0);
}

void
spool_behind_end(struct spool_behind *b, struct spool_stage *st)
{
	int saved = errno;

	(void)pthread_mutex_lock(&b->lock);
	b->ending = 1;
	(void)pthread_cond_signal(&b->work);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	st->texts = b->stage.texts;
	st->text_fd = b->stage.text_fd;
	release(b);
	errno = saved;
}

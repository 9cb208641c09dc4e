/* SPDX-License-Identifier: ISC */
/*
 * The threads beside a broadcast's staging: one creates and writes envelopes in
 * the order in which they were handed over, and, when there are none, links
 * the text to those that stand in tmp/; the other begins to sync early.  What
 * fails first ends it.
 *
 * They take no signal, allocate nothing, and share nothing but the queue.
 * Counters that only grow, each written by one side, say whose a slot is; one
 * lock is for sleeping, the other for the text.
 */
#include <fcntl.h>
#include <string.h>

#include "helpers.h"
#include "internal.h"
#include "stage.h"
#include "sync.h"

static int
write_envelope(struct spool *s, const struct job *j, const char *slot)
{
	int fd = spool_create(s, SPOOL_TMP, j->path, O_WRONLY), failed;

	if (fd < 0)
		return -1;
	failed = spool_write_all(fd, slot + j->from, j->length) < 0 ? errno : 0;
	if (again_close(fd) < 0 && failed == 0)
		failed = errno;
	errno = failed;
	return failed == 0 ? 0 : spool_fail(s, SPOOL_TMP, j->path);
}

/* Whoever goes to sleep says so first, and looks once more then: so either he sees what has changed,
   or who changed it sees that he sleeps. */
static void
sleep_until(struct spool_behind *b, int (*is_time)(struct spool_behind *b), atomic_int *sleeps, pthread_cond_t *call)
{
	if (is_time(b))
		return;
	(void)pthread_mutex_lock(&b->lock);
	*sleeps = 1;
	while (!is_time(b))
		(void)pthread_cond_wait(call, &b->lock);
	*sleeps = 0;
	(void)pthread_mutex_unlock(&b->lock);
}

static void
wake(struct spool_behind *b, int enough, atomic_int *sleeps, pthread_cond_t *call)
{
	if (!enough || !*sleeps)
		return;
	(void)pthread_mutex_lock(&b->lock);
	(void)pthread_cond_signal(call);
	(void)pthread_mutex_unlock(&b->lock);
}

static int
is_work(struct spool_behind *b)
{
	return b->ending || b->failed || b->put - b->done >= (b->hurry ? 1 : BATCH);
}

static int
is_end(struct spool_behind *b)
{
	return b->failed || b->put == b->done;
}

static int
is_early(struct spool_behind *b)
{
	return b->ending || b->failed || b->hurry || b->staged - b->synced >= EARLY;
}

void
spool_help_await_end(struct spool_behind *b)
{
	sleep_until(b, is_end, &b->we_sleep, &b->end);
}

void
spool_help_wake(struct spool_behind *b)
{
	wake(b, is_work(b), &b->thread_sleeps, &b->work);
	wake(b, is_early(b), &b->syncer_sleeps, &b->early);
}

/* The first failure counts.  The text is locked. */
static void
fail_locked(struct spool_behind *b, const struct spool *s)
{
	if (b->failed == 0) {
		memcpy(b->object, s->object, sizeof b->object);
		b->failed = errno;
	}
}

static void
fail(struct spool_behind *b, const struct spool *s)
{
	(void)pthread_mutex_lock(&b->text);
	fail_locked(b, s);
	(void)pthread_mutex_unlock(&b->text);
}

int
spool_help_link(struct spool_behind *b)
{
	unsigned long at;

	(void)pthread_mutex_lock(&b->text);
	at = b->linked;
	if (b->failed || at == b->done) {
		(void)pthread_mutex_unlock(&b->text);
		return 0;
	}
	if (spool_stage_link_text(&b->stage, b->number[at % BACKLOG]) < 0)
		fail_locked(b, &b->linker);
	else
		b->linked++;
	(void)pthread_mutex_unlock(&b->text);
	return 1;
}

void
spool_help_link_own(struct spool_behind *b, unsigned long k)
{
	(void)pthread_mutex_lock(&b->text);
	if (!b->failed && spool_stage_link_text(&b->stage, k) < 0)
		fail_locked(b, &b->linker);
	(void)pthread_mutex_unlock(&b->text);
}

static void
write_one(struct spool_behind *b)
{
	size_t slot = b->done % SLOTS;
	const struct job *j = &b->job[slot];

	if (write_envelope(&b->spool, j, b->buffer[slot]) == 0)
		b->done++;
	else
		fail(b, &b->spool);
}

void *
spool_help_write(void *context)
{
	struct spool_behind *b = context;

	while (!b->ending && !b->failed) {
		if (b->done != b->put)
			write_one(b);
		else if (!spool_help_link(b))
			sleep_until(b, is_work, &b->thread_sleeps, &b->work);
		wake(b, is_end(b), &b->we_sleep, &b->end);
		wake(b, is_early(b), &b->syncer_sleeps, &b->early);
	}
	wake(b, 1, &b->we_sleep, &b->end);      /* another may have failed since */
	return NULL;
}

/* So less is left for the sync that counts. */
void *
spool_help_sync(void *context)
{
	struct spool_behind *b = context;

	for (;;) {
		sleep_until(b, is_early, &b->syncer_sleeps, &b->early);
		if (b->ending || b->failed || b->hurry)
			return NULL;
		b->synced = b->staged;
		if (spool_whole_sync(b->syncers.dir[SPOOL_TMP]) < 0) {
			(void)spool_fail(&b->syncers, SPOOL_TMP, b->stage.name);
			fail(b, &b->syncers);
		}
	}
}

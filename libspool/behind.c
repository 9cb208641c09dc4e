/* SPDX-License-Identifier: ISC */
/*
 * Writing behind: envelopes are handed over to a thread that creates and
 * writes them, while the next are filled; whichever side is idle links the
 * text to them.  The first failure ends it, which the next call reports.  What a crash leaves is what the staging without
 * it leaves: files in tmp/, some of which may have no message yet.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "helpers.h"
#include "internal.h"
#include "stage.h"

#define STACK_SIZE (256 * 1024) /* of which little is touched */

static int
start(struct spool_behind *b, pthread_t *thread, void *(*run)(void *context))
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
		failed = pthread_create(thread, &attr, run, b);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	(void)pthread_attr_destroy(&attr);
	return failed == 0 ? 0 : -1;
}

static void
release(struct spool_behind *b)
{
	(void)pthread_cond_destroy(&b->early);
	(void)pthread_cond_destroy(&b->room);
	(void)pthread_cond_destroy(&b->work);
	(void)pthread_mutex_destroy(&b->text);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

struct spool_behind *
spool_behind_start(const struct spool_stage *st)
{
	struct spool_behind *b = malloc(sizeof *b);

	if (b == NULL)
		return NULL;
	memset(b, 0, offsetof(struct spool_behind, number));
	b->spool = b->syncers = b->linker = *st->spool;
	memcpy(&b->stage, st, offsetof(struct spool_stage, buffer));
	b->stage.spool = &b->linker;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_mutex_init(&b->text, NULL);
	(void)pthread_cond_init(&b->work, NULL);
	(void)pthread_cond_init(&b->room, NULL);
	(void)pthread_cond_init(&b->early, NULL);
	if (start(b, &b->thread, spool_help_write) < 0) {
		release(b);
		return NULL;
	}
	b->has_syncer = start(b, &b->syncer, spool_help_sync) == 0;
	return b;
}

static int
check(struct spool_behind *b, struct spool *s)
{
	int failed = b->failed;

	if (failed == 0)
		return 0;
	errno = failed;
	return spool_fail_at(s, b->object);
}

/* Links while the thread makes room, or sleeps till it has. */
static void
await_room(struct spool_behind *b)
{
	while (!b->failed && b->put - b->done == SLOTS)
		if (!spool_help_link(b))
			spool_help_await_room(b);
	while (b->put - b->linked == BACKLOG && spool_help_link(b))
		continue;
}

int
spool_behind_put(struct spool_behind *b, struct spool_stage *st, const char *data, size_t length)
{
	struct job *j = &b->job[b->put % SLOTS];

	await_room(b);
	if (check(b, st->spool) < 0)
		return -1;
	(void)snprintf(j->path, sizeof j->path, "%s", st->file);
	j->length = length;
	if (length > 0)
		memcpy(b->buffer[b->put % SLOTS], data, length);
	b->number[b->put % BACKLOG] = st->envelopes;
	b->put++;
	spool_help_wake(b);
	return 0;
}

static void
end_syncer(struct spool_behind *b)
{
	if (b->has_syncer)
		(void)pthread_join(b->syncer, NULL);
	b->has_syncer = 0;
}

int
spool_behind_wait(struct spool_behind *b, struct spool_stage *st)
{
	int written, linked;

	b->hurry = 1;
	spool_help_wake(b);
	do {
		written = b->failed || b->put == b->done;
		linked = !spool_help_link(b);
		if (linked && !written)
			spool_help_await_room(b);
	} while (!linked || !written);
	end_syncer(b);                  /* what it failed to sync, no later sync would tell of */
	return check(b, st->spool);
}

void
spool_behind_end(struct spool_behind *b, struct spool_stage *st)
{
	int saved = errno;

	b->ending = 1;
	spool_help_wake(b);
	(void)pthread_join(b->thread, NULL);
	end_syncer(b);
	st->texts = b->stage.texts;
	st->text_fd = b->stage.text_fd;
	release(b);
	errno = saved;
}
